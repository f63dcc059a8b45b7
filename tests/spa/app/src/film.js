import { h } from "vue";

export default { render: () => h("video", { src: "/film.webm", controls: true, muted: true, width: 320 }) };
