import { io } from "socket.io-client";
import { h, ref } from "vue";

export default {
  setup() {
    const heard = ref([]);
    const said = ref("");
    const socket = io({ transports: ["websocket"] });
    socket.on("said", (text) => heard.value.push(text));
    const say = (event) => (event.preventDefault(), socket.emit("say", said.value));
    return () =>
      h("form", { onSubmit: say }, [
        h("input", { "aria-label": "Say", onInput: ({ target }) => (said.value = target.value) }),
        h("button", "Send"),
        h("ul", heard.value.map((text) => h("li", text))),
      ]);
  },
};
