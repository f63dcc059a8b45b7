import type { LucideIcon } from "lucide-react";
import type { ReactNode, Ref } from "react";
import {
  Button as AriaButton,
  Link as AriaLink,
  Tooltip,
  TooltipTrigger,
  type ButtonProps as AriaButtonProps,
  type LinkProps,
} from "react-aria-components";

export type ButtonLook = "primary" | "plain" | "quiet" | "danger";

export interface ButtonProps extends Omit<AriaButtonProps, "className" | "children" | "style"> {
  look?: ButtonLook;
  size?: "normal" | "small";
  icon?: LucideIcon;
  wide?: boolean;
  children: ReactNode;
  ref?: Ref<HTMLButtonElement>;
}

function classes(look: ButtonLook, size: "normal" | "small", wide = false): string {
  return `h-button h-button-${look} h-button-${size}${wide ? " h-button-wide" : ""}`;
}

/** `isPending` keeps the button's place and name, shows that work is under way, and ignores presses. */
export function Button({
  look = "plain",
  size = "normal",
  icon: Icon,
  wide,
  children,
  ...rest
}: ButtonProps) {
  return (
    <AriaButton {...rest} className={classes(look, size, wide)}>
      {rest.isPending ? <span className="h-spinner" /> : Icon && <Icon className="h-icon" aria-hidden />}
      <span>{children}</span>
    </AriaButton>
  );
}

export interface ButtonLinkProps extends Omit<LinkProps, "className" | "children" | "style"> {
  look?: ButtonLook;
  size?: "normal" | "small";
  icon?: LucideIcon;
  wide?: boolean;
  children: ReactNode;
}

export function ButtonLink({
  look = "plain",
  size = "normal",
  icon: Icon,
  wide,
  children,
  ...rest
}: ButtonLinkProps) {
  return (
    <AriaLink {...rest} className={classes(look, size, wide)}>
      {Icon && <Icon className="h-icon" aria-hidden />}
      <span>{children}</span>
    </AriaLink>
  );
}

export interface IconButtonProps extends Omit<
  AriaButtonProps,
  "className" | "children" | "style" | "aria-label"
> {
  icon: LucideIcon;
  label: string;
  mirror?: boolean;
  ref?: Ref<HTMLButtonElement>;
}

/** An icon alone: its label is the accessible name and the tooltip. */
export function IconButton({ icon: Icon, label, mirror, ...rest }: IconButtonProps) {
  return (
    <TooltipTrigger delay={500} closeDelay={0}>
      <AriaButton {...rest} aria-label={label} className="h-icon-button">
        <Icon className={mirror ? "h-icon h-mirror" : "h-icon"} aria-hidden />
      </AriaButton>
      <Tooltip className="h-tooltip" offset={6}>
        {label}
      </Tooltip>
    </TooltipTrigger>
  );
}
