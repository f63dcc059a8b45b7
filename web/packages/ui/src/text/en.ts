export const en = {
  "ui.close": "Close",
  "ui.undo": "Undo",
  "ui.dismiss": "Dismiss",
  "ui.show_password": "Show password",
  "ui.hide_password": "Hide password",
  "ui.notifications": "Notifications",
  "ui.clear_search": "Clear search",
  "ui.details": "Details",
  "ui.copy": "Copy",
  "ui.copied": "Copied",
  "ui.more": "More",
  "ui.direct": "Direct",
  "ui.relayed": "Relayed",
  "ui.connecting": "Connecting",
  "ui.offline": "Offline",
  "ui.skip": "Skip to content",
};
export type UiKey = keyof typeof en;
