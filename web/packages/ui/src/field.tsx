import { Eye, EyeOff, Search, X } from "lucide-react";
import { useState, type ReactNode, type Ref } from "react";
import {
  Button as AriaButton,
  Checkbox as AriaCheckbox,
  FieldError,
  Input,
  Label,
  ListBox,
  ListBoxItem,
  Popover,
  SearchField as AriaSearchField,
  Select as AriaSelect,
  SelectValue,
  Text,
  TextArea,
  TextField as AriaTextField,
  type CheckboxProps as AriaCheckboxProps,
  type SearchFieldProps as AriaSearchFieldProps,
  type TextFieldProps as AriaTextFieldProps,
} from "react-aria-components";
import { Check, ChevronDown } from "lucide-react";
import { useTexts } from "./texts.tsx";

export interface TextFieldProps extends Omit<AriaTextFieldProps, "className" | "children" | "style"> {
  label: string;
  description?: ReactNode;
  /** What is wrong and what to do; what was typed stays. */
  error?: string | undefined;
  placeholder?: string;
  inputRef?: Ref<HTMLInputElement>;
  mono?: boolean;
  /** Several lines, as many as are typed, to a limit. */
  multiline?: boolean;
  autoCapitalize?: "none" | "words";
  after?: ReactNode;
}

export function TextField({
  label,
  description,
  error,
  placeholder,
  inputRef,
  mono,
  multiline,
  autoCapitalize,
  after,
  ...rest
}: TextFieldProps) {
  const shared = {
    className: mono ? "h-input h-input-mono" : "h-input",
    dir: "auto",
    autoCapitalize,
    ...(placeholder === undefined ? {} : { placeholder }),
  };
  return (
    <AriaTextField {...rest} isInvalid={error !== undefined} validationBehavior="aria" className="h-field">
      <Label className="h-label">{label}</Label>
      <div className="h-input-box">
        {multiline ? (
          <TextArea {...shared} rows={3} />
        ) : (
          <Input {...shared} {...(inputRef === undefined ? {} : { ref: inputRef })} />
        )}
        {after}
      </div>
      {description && error === undefined && (
        <Text slot="description" className="h-hint">
          {description}
        </Text>
      )}
      <FieldError className="h-field-error">{error}</FieldError>
    </AriaTextField>
  );
}

export function PasswordField(props: Omit<TextFieldProps, "type" | "after">) {
  const texts = useTexts();
  const [shown, setShown] = useState(false);
  const Icon = shown ? EyeOff : Eye;
  return (
    <TextField
      {...props}
      type={shown ? "text" : "password"}
      spellCheck="false"
      autoCorrect="off"
      after={
        <AriaButton
          className="h-input-button"
          aria-label={texts.say(shown ? "ui.hide_password" : "ui.show_password")}
          onPress={() => setShown(!shown)}
        >
          <Icon className="h-icon" aria-hidden />
        </AriaButton>
      }
    />
  );
}

export interface SearchFieldProps extends Omit<AriaSearchFieldProps, "className" | "children" | "style"> {
  label: string;
  inputRef?: Ref<HTMLInputElement>;
}

/** A search box; its label is its placeholder and its accessible name. */
export function SearchField({ label, inputRef, ...rest }: SearchFieldProps) {
  const texts = useTexts();
  return (
    <AriaSearchField {...rest} aria-label={label} className="h-search">
      <Search className="h-icon" aria-hidden />
      <Input
        className="h-search-input"
        placeholder={label}
        dir="auto"
        {...(inputRef ? { ref: inputRef } : {})}
      />
      <AriaButton className="h-input-button h-search-clear" aria-label={texts.say("ui.clear_search")}>
        <X className="h-icon" aria-hidden />
      </AriaButton>
    </AriaSearchField>
  );
}

export interface CheckboxProps extends Omit<AriaCheckboxProps, "className" | "children" | "style"> {
  children: ReactNode;
  description?: ReactNode;
}

export function Checkbox({ children, description, ...rest }: CheckboxProps) {
  return (
    <AriaCheckbox {...rest} className="h-checkbox">
      <span className="h-checkbox-box" aria-hidden>
        <Check className="h-icon" />
      </span>
      <span>
        {children}
        {description && <span className="h-hint">{description}</span>}
      </span>
    </AriaCheckbox>
  );
}

/** A choice inside a sentence: shows the chosen word, underlined; opens a list. */
export function Choice<T extends string>({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: T;
  options: readonly { id: T; text: string; lang?: string }[];
  onChange: (value: T) => void;
}) {
  return (
    <AriaSelect
      aria-label={label}
      className="h-choice"
      value={value}
      onChange={(next) => {
        const found = options.find((each) => each.id === next);
        if (found) onChange(found.id);
      }}
    >
      <AriaButton className="h-choice-button">
        {/* The chosen item's text alone, without its tick. */}
        <SelectValue>{({ selectedText }) => selectedText}</SelectValue>
        <ChevronDown className="h-icon" aria-hidden />
      </AriaButton>
      <Popover className="h-popover" offset={4}>
        <ListBox className="h-menu">
          {options.map((option) => (
            <ListBoxItem key={option.id} id={option.id} textValue={option.text} className="h-menu-item">
              <span lang={option.lang}>{option.text}</span>
              <Check className="h-icon h-menu-check" aria-hidden />
            </ListBoxItem>
          ))}
        </ListBox>
      </Popover>
    </AriaSelect>
  );
}
