import type { LucideIcon } from "lucide-react";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import {
  Dialog as AriaDialog,
  Heading,
  Menu as AriaMenu,
  MenuItem as AriaMenuItem,
  MenuTrigger,
  Modal,
  ModalOverlay,
  Popover,
  Separator,
  type PopoverProps,
} from "react-aria-components";
import { IconButton } from "./button.tsx";
import { useTexts } from "./texts.tsx";

export interface DialogProps {
  title: string;
  open: boolean;
  onClose: () => void;
  children: ReactNode;
  /** Buttons, the primary one last. */
  actions?: ReactNode;
  role?: "dialog" | "alertdialog";
}

/** A dialog in the middle of a wide page, a sheet from below on a narrow one. */
export function Dialog({ title, open, onClose, children, actions, role = "dialog" }: DialogProps) {
  const texts = useTexts();
  return (
    <ModalOverlay
      className="h-veil"
      isOpen={open}
      onOpenChange={(isOpen) => !isOpen && onClose()}
      isDismissable={role === "dialog"}
    >
      <Modal className="h-sheet">
        <AriaDialog role={role} className="h-dialog">
          <header className="h-dialog-head">
            <Heading slot="title" className="h-heading">
              {title}
            </Heading>
            <IconButton icon={X} label={texts.say("ui.close")} onPress={onClose} />
          </header>
          <div className="h-dialog-body">{children}</div>
          {actions && <footer className="h-dialog-actions">{actions}</footer>}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
}

export interface MenuEntry {
  id: string;
  text: string;
  icon?: LucideIcon;
  keys?: string;
  danger?: boolean;
  disabled?: boolean;
  href?: string;
}

export interface MenuProps {
  label: string;
  /** The button that opens it. */
  trigger: ReactNode;
  /** Groups, with a line between. */
  groups: readonly (readonly MenuEntry[])[];
  onChoose: (id: string) => void;
  placement?: PopoverProps["placement"];
}

export function Menu({ label, trigger, groups, onChoose, placement = "bottom end" }: MenuProps) {
  return (
    <MenuTrigger>
      {trigger}
      <Popover className="h-popover" placement={placement} offset={6}>
        <MenuList label={label} groups={groups} onChoose={onChoose} />
      </Popover>
    </MenuTrigger>
  );
}

export function MenuList({ label, groups, onChoose }: Pick<MenuProps, "label" | "groups" | "onChoose">) {
  const entries = groups.filter((group) => group.length > 0);
  return (
    <AriaMenu className="h-menu" aria-label={label} onAction={(key) => onChoose(String(key))}>
      {entries.flatMap((group, index) => [
        ...(index > 0 ? [<Separator key={`line ${index}`} className="h-menu-line" />] : []),
        ...group.map(({ id, text, icon: Icon, keys, danger, disabled, href }) => (
          <AriaMenuItem
            key={id}
            id={id}
            textValue={text}
            isDisabled={disabled ?? false}
            {...(href === undefined ? {} : { href })}
            className={danger ? "h-menu-item h-menu-danger" : "h-menu-item"}
          >
            {Icon && <Icon className="h-icon" aria-hidden />}
            <span>{text}</span>
            {keys && <kbd className="h-menu-keys">{keys}</kbd>}
          </AriaMenuItem>
        )),
      ])}
    </AriaMenu>
  );
}

/** A menu opened at a point (right click, context-menu key). */
export function ContextMenu({
  at,
  onClose,
  ...menu
}: { at: { x: number; y: number } | null; onClose: () => void } & Pick<
  MenuProps,
  "label" | "groups" | "onChoose"
>) {
  return (
    <MenuTrigger isOpen={at !== null} onOpenChange={(open) => !open && onClose()}>
      <Point at={at} />
      <Popover
        className="h-popover"
        placement="bottom start"
        offset={2}
        triggerRef={pointRef}
        aria-label={menu.label}
      >
        <MenuList {...menu} />
      </Popover>
    </MenuTrigger>
  );
}

const pointRef: { current: HTMLElement | null } = { current: null };

function Point({ at }: { at: { x: number; y: number } | null }) {
  return (
    <span
      ref={(element) => {
        if (element) pointRef.current = element;
      }}
      aria-hidden
      className="h-point"
      style={at ? { left: at.x, top: at.y } : undefined}
    />
  );
}
