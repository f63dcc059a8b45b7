/** The two kinds of dialog the shell has: a small form, and a question before something that can't be undone. */
import { Button, Dialog, TextField } from "@hearth/ui";
import { useMutation, type UseMutationResult } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { Trouble, useText } from "./shared.tsx";

type Doing = Pick<UseMutationResult<unknown>, "isPending" | "error">;

/** `submit` is what the button says; without it, Save. An error keeps the dialog and what was typed. */
export function FormDialog({
  title,
  submit,
  doing,
  onSubmit,
  onClose,
  children,
}: {
  title: string;
  submit?: string;
  doing: Doing;
  onSubmit: () => void;
  onClose: () => void;
  children: ReactNode;
}) {
  const t = useText();
  return (
    <Dialog title={title} open onClose={onClose}>
      <form
        className="h-stack"
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit();
        }}
      >
        {children}
        <Trouble error={doing.error} />
        <div className="s-actions">
          <Button look="quiet" onPress={onClose}>
            {t("app.cancel")}
          </Button>
          <Button look="primary" type="submit" isPending={doing.isPending}>
            {submit ?? t("app.save")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** Asks for one name. `save` rejects to keep the dialog open, with why. */
export function NameDialog({
  title,
  label,
  value,
  save,
  onClose,
}: {
  title: string;
  label: string;
  value: string;
  save: (name: string) => Promise<unknown>;
  onClose: () => void;
}) {
  const [name, setName] = useState(value);
  const saving = useMutation({ mutationFn: () => save(name.trim()), onSuccess: onClose });
  return (
    <FormDialog
      title={title}
      doing={saving}
      onSubmit={() => name.trim() !== "" && saving.mutate()}
      onClose={onClose}
    >
      <TextField label={label} autoFocus maxLength={64} value={name} onChange={setName} />
    </FormDialog>
  );
}

export function ConfirmDialog({
  title,
  action,
  doing,
  onConfirm,
  onClose,
  children,
}: {
  title: string;
  action: string;
  doing: Doing;
  onConfirm: () => void;
  onClose: () => void;
  children: ReactNode;
}) {
  const t = useText();
  return (
    <Dialog
      role="alertdialog"
      title={title}
      open
      onClose={onClose}
      actions={
        <>
          <Button look="quiet" onPress={onClose}>
            {t("app.cancel")}
          </Button>
          <Button look="danger" isPending={doing.isPending} onPress={onConfirm}>
            {action}
          </Button>
        </>
      }
    >
      <p>{children}</p>
      <Trouble error={doing.error} />
    </Dialog>
  );
}
