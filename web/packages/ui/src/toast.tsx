/** Short notices at the foot of the page; most carry an undo instead of an "are you sure" before. */
import { CircleAlert, X } from "lucide-react";
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { Button as AriaButton } from "react-aria-components";
import { IconButton } from "./button.tsx";
import { useTexts } from "./texts.tsx";

export interface Toast {
  id: number;
  text: string;
  tone: "plain" | "bad";
  action?: { text: string; run: () => void };
}

export type NewToast = Omit<Toast, "id" | "tone"> & { tone?: Toast["tone"] };

/** The newest three; an older one makes room. */
export class Toasts {
  #list: readonly Toast[] = [];
  #next = 1;
  readonly #listeners = new Set<() => void>();

  readonly list = (): readonly Toast[] => this.#list;

  show(toast: NewToast): number {
    const id = this.#next++;
    this.#set([...this.#list.slice(-2), { tone: "plain", ...toast, id }]);
    return id;
  }

  readonly dismiss = (id: number): void => {
    this.#set(this.#list.filter((toast) => toast.id !== id));
  };

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  #set(list: readonly Toast[]): void {
    this.#list = list;
    for (const listener of this.#listeners) listener();
  }
}

/** Milliseconds a notice stays; longer with an action, and for as long as the pointer or focus is on it. */
const stay = { plain: 5_000, action: 10_000 };

export function ToastRegion({ toasts }: { toasts: Toasts }) {
  const texts = useTexts();
  const list = useSyncExternalStore(toasts.subscribe, toasts.list);
  const [held, setHeld] = useState(false);
  return (
    <section
      className="h-toasts"
      aria-label={texts.say("ui.notifications")}
      aria-live="polite"
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      {list.map((toast) => (
        <ToastView key={toast.id} toast={toast} held={held} onDismiss={toasts.dismiss} />
      ))}
    </section>
  );
}

function ToastView({
  toast,
  held,
  onDismiss,
}: {
  toast: Toast;
  held: boolean;
  onDismiss: (id: number) => void;
}) {
  const texts = useTexts();
  const left = useRef(toast.action ? stay.action : stay.plain);
  useEffect(() => {
    if (held) return;
    const timer = setTimeout(() => onDismiss(toast.id), left.current);
    return () => clearTimeout(timer);
  }, [held, onDismiss, toast.id]);
  return (
    <div className={`h-toast h-toast-${toast.tone}`}>
      {toast.tone === "bad" && <CircleAlert className="h-icon" aria-hidden />}
      <span className="h-toast-text" dir="auto">
        {toast.text}
      </span>
      {toast.action && (
        <AriaButton
          className="h-toast-action"
          onPress={() => {
            onDismiss(toast.id);
            toast.action?.run();
          }}
        >
          {toast.action.text}
        </AriaButton>
      )}
      <IconButton icon={X} label={texts.say("ui.dismiss")} onPress={() => onDismiss(toast.id)} />
    </div>
  );
}
