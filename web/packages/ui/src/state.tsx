import { ChevronDown } from "lucide-react";
import { useState, type ReactNode } from "react";
import { Button as AriaButton, Disclosure, DisclosurePanel } from "react-aria-components";
import { Button } from "./button.tsx";
import { useTexts } from "./texts.tsx";

/** Nothing here yet: what would be here, and the one thing to do next. */
export function EmptyState({
  picture,
  title,
  children,
  action,
}: {
  picture?: ReactNode;
  title: string;
  children?: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className="h-empty">
      {picture}
      <h2 className="h-heading">{title}</h2>
      {children && <p className="h-soft">{children}</p>}
      {action && <div className="h-empty-action">{action}</div>}
    </div>
  );
}

/** Something went wrong: in plain words, with what to do; the technical truth behind "Details". */
export function Notice({
  tone = "bad",
  title,
  children,
  details,
  action,
}: {
  tone?: "bad" | "warn" | "plain" | "good";
  title: string;
  children?: ReactNode;
  details?: string | undefined;
  action?: ReactNode;
}) {
  return (
    <div className={`h-notice h-notice-${tone}`} role={tone === "bad" ? "alert" : "status"}>
      <div className="h-notice-row">
        <div className="h-notice-text">
          <strong>{title}</strong>
          {children && <div>{children}</div>}
        </div>
        {action && <div className="h-notice-action">{action}</div>}
      </div>
      {details && <Details text={details} />}
    </div>
  );
}

/** The technical truth, one press away, to be copied. */
export function Details({ text }: { text: string }) {
  const texts = useTexts();
  return (
    <Disclosure className="h-details">
      <AriaButton slot="trigger" className="h-details-button">
        <ChevronDown className="h-icon" aria-hidden />
        {texts.say("ui.details")}
      </AriaButton>
      <DisclosurePanel>
        <pre className="h-details-text" dir="ltr" tabIndex={0}>
          {text}
        </pre>
        <CopyButton text={text} />
      </DisclosurePanel>
    </Disclosure>
  );
}

export function CopyButton({ text, children }: { text: string; children?: string }) {
  const texts = useTexts();
  const [copied, setCopied] = useState(false);
  return (
    <Button
      size="small"
      onPress={() => {
        void navigator.clipboard.writeText(text).then(
          () => setCopied(true),
          () => setCopied(false),
        );
      }}
    >
      {copied ? texts.say("ui.copied") : (children ?? texts.say("ui.copy"))}
    </Button>
  );
}
