/** Each component in its states: `?story=buttons&theme=dark`; without `story`, all of them. */
import "./fonts.css";
import "../src/style.css";
import "./stories.css";
import { Download, Ellipsis, Pencil, Plus, Trash2, Wifi } from "lucide-react";
import { useState, type ReactNode } from "react";
import { createRoot } from "react-dom/client";
import * as ui from "../src/index.ts";

const query = new URLSearchParams(location.search);
const theme = query.get("theme");
if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
const long =
  "A name of remarkable length, as scanners and cameras like to make them — final (2) (revised) — v17.tiff";
const nothing = () => undefined;
const toasts = new ui.Toasts();

function Sentence() {
  const [value, set] = useState<"day" | "week">("day");
  return (
    <p>
      Ask again every{" "}
      <ui.Choice
        label="How often"
        value={value}
        onChange={set}
        options={[
          { id: "day", text: "day" },
          { id: "week", text: "week" },
        ]}
      />
    </p>
  );
}

const stories: Record<string, ReactNode> = {
  buttons: (
    <div className="h-line">
      <ui.Button look="primary">Continue</ui.Button>
      <ui.Button icon={Plus}>Add</ui.Button>
      <ui.Button look="quiet">Later</ui.Button>
      <ui.Button look="danger">Remove</ui.Button>
      <ui.Button look="primary" isPending>
        Working
      </ui.Button>
      <ui.Button isDisabled>Can’t now</ui.Button>
      <ui.Button size="small">Small</ui.Button>
      <ui.ButtonLink href="#x">A link</ui.ButtonLink>
      <ui.IconButton icon={Download} label="Download" />
    </div>
  ),
  fields: (
    <div className="h-stack">
      <ui.TextField label="Name" description="As you like it." defaultValue="Casa" />
      <ui.TextField label="Name" error="Give it a name, any name." defaultValue="" />
      <ui.PasswordField label="Password" defaultValue="plum kettle" />
      <ui.TextField label="Code" mono placeholder="7K3M-9QWT" />
      <ui.SearchField label="Search apps and files" />
      <ui.Checkbox defaultSelected description="It stays logged in until you remove it.">
        Remember this device
      </ui.Checkbox>
      <ui.Checkbox>Not chosen</ui.Checkbox>
      <Sentence />
    </div>
  ),
  rows: (
    <ui.Rows label="Devices">
      <ui.Row
        picture={<ui.Avatar name="Anna Lindqvist" id="a" />}
        title="Anna Lindqvist"
        mark={<ui.Badge tone="ember">You</ui.Badge>}
        note="Logs in as anna"
        actions={<ui.IconButton icon={Ellipsis} label="More about Anna" />}
      />
      <ui.Row picture={<ui.Avatar name="ليلى حداد" id="b" />} title="ليلى حداد" note="Member" />
      <ui.Row
        picture={<ui.Avatar name={long} id="c" />}
        title={long}
        note={long}
        mark={<ui.Badge tone="good">Connected</ui.Badge>}
      />
    </ui.Rows>
  ),
  progress: (
    <ul>
      {(["running", "paused", "failed", "waiting", "done"] as const).map((state, index) => (
        <ui.ProgressRow
          key={state}
          name={index === 0 ? long : `${state}.jpg`}
          note={state === "failed" ? "The box’s disk is full. Make room, then try again." : "1.2 MB of 4 MB"}
          value={0.3}
          state={state}
          labels={{
            pause: `Pause ${state}`,
            resume: `Go on ${state}`,
            cancel: `Cancel ${state}`,
            retry: `Retry ${state}`,
          }}
          onPause={nothing}
          onResume={nothing}
          onCancel={nothing}
        />
      ))}
    </ul>
  ),
  breadcrumbs: (
    <ui.Breadcrumbs
      label="Folder"
      onGo={nothing}
      crumbs={[
        { id: "1", text: "Files" },
        { id: "2", text: "Photographs" },
        { id: "3", text: long },
      ]}
    />
  ),
  tabs: (
    <ui.Tabs
      label="Views"
      tabs={[
        { id: "a", text: "Latest", content: <p>The latest things.</p> },
        { id: "b", text: "Albums", content: <p>Albums.</p> },
      ]}
    />
  ),
  notices: (
    <div className="h-stack">
      <ui.Notice title="Name or password aren’t right." details="wrong_password (HTTP 403)">
        Check both and try again.
      </ui.Notice>
      <ui.Notice
        tone="warn"
        title="Casa can’t be reached."
        action={<ui.Button size="small">Try again</ui.Button>}
      >
        It last answered 5 minutes ago.
      </ui.Notice>
      <ui.Notice tone="good" title="Mira’s phone is in." />
      <ui.Notice tone="plain" title="This code is no longer valid." />
    </div>
  ),
  empty: (
    <ui.EmptyState
      picture={<ui.HousePicture />}
      title="A place for everything"
      action={<ui.Button look="primary">Upload files</ui.Button>}
    >
      Drop photographs, films or whole folders here.
    </ui.EmptyState>
  ),
  marks: (
    <div className="h-line">
      <ui.HearthMark size={40} />
      {(["direct", "relayed", "connecting", "offline"] as const).map((reach) => (
        <span key={reach} className="h-line">
          <ui.ReachMark reach={reach} /> {reach}
        </span>
      ))}
      {["a", "b", "c", "d", "e", "f"].map((id) => (
        <ui.Avatar key={id} id={id} name={`${id} ${id}`} size="large" />
      ))}
      <ui.HousePicture lit={false} width={160} />
    </div>
  ),
  qr: <ui.QrCode text="https://home.flock.example/#1.pair.root.flock.secret" label="QR code of a link" />,
  menu: (
    <ui.Menu
      label="Actions"
      trigger={<ui.Button>Open the menu</ui.Button>}
      onChoose={nothing}
      groups={[
        [
          { id: "rename", text: "Rename", icon: Pencil, keys: "F2" },
          { id: "off", text: "Not now", disabled: true, icon: Wifi },
        ],
        [{ id: "trash", text: "Move to trash", icon: Trash2, danger: true }],
      ]}
    />
  ),
  dialog: (
    <ui.Dialog
      title="Remove Anna’s phone?"
      role="alertdialog"
      open={query.get("story") === "dialog"}
      onClose={nothing}
      actions={
        <>
          <ui.Button look="quiet">Cancel</ui.Button>
          <ui.Button look="danger">Remove</ui.Button>
        </>
      }
    >
      <p>It is cut off within seconds and can’t come back without your password or a new link.</p>
    </ui.Dialog>
  ),
  toasts: (
    <ui.Button
      onPress={() => {
        toasts.show({ text: `${long} is in the trash.`, action: { text: "Undo", run: nothing } });
        toasts.show({ text: "The box’s disk is full.", tone: "bad" });
      }}
    >
      Show notices
    </ui.Button>
  ),
};

const chosen = query.get("story");
const texts = new ui.Texts(ui.uiEn, (locale) => Promise.resolve(locale === "ar" ? ui.uiAr : ui.uiDe));
createRoot(document.getElementById("root")!).render(
  <ui.TextsProvider texts={texts}>
    <main className="story-page">
      <h1 className="h-title">{chosen ?? "Parts of Hearth"}</h1>
      {Object.entries(stories)
        .filter(([name]) => chosen === null || chosen === name)
        .map(([name, story]) => (
          <section key={name} className="story" aria-label={name}>
            {chosen === null && <h2 className="h-heading">{name}</h2>}
            {story}
          </section>
        ))}
    </main>
    <ui.ToastRegion toasts={toasts} />
  </ui.TextsProvider>,
);
Object.assign(globalThis, { stories: Object.keys(stories) });
