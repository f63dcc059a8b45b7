import "@fontsource/inter/400.css";
import { createApp, defineAsyncComponent, h, ref } from "vue";
import { Workbox } from "workbox-window";

const places = {
  "/": { name: "Home", view: { render: () => h("p", "Welcome.") } },
  "/film": { name: "Film", view: defineAsyncComponent(() => import("./film.js")) },
  "/chat": { name: "Chat", view: defineAsyncComponent(() => import("./chat.js")) },
};
const at = ref(location.pathname);
addEventListener("popstate", () => (at.value = location.pathname));
const go = (path) => (event) => {
  event.preventDefault();
  history.pushState(null, "", path);
  at.value = path;
};

createApp({
  render: () =>
    h("main", { style: "font-family: Inter" }, [
      h("h1", "Shop"),
      h(
        "nav",
        Object.entries(places).map(([path, { name }]) => h("a", { href: path, onClick: go(path) }, name)),
      ),
      h((places[at.value] ?? places["/"]).view),
    ]),
}).mount("#app");

window.workbox = new Workbox("/sw.js");
window.registered = window.workbox.register().then(
  ({ scope }) => scope,
  (error) => `refused: ${error}`,
);
