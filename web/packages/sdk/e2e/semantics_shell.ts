/** A shell that shows one app of a real appliance; it can be made to find the box out of reach. */
import {
  AppHost,
  connect,
  DeviceKeys,
  forgetCookies,
  HearthApi,
  HearthError,
  parseLink,
  setup,
  type HearthConnection,
} from "../src/index.ts";

const state = { offline: false, asked: 0 };
let host: AppHost | undefined;
let connection: HearthConnection;

async function start(link: string, multiaddrs: string[]): Promise<void> {
  const parsed = parseLink(link);
  const keys = DeviceKeys.open();
  const key = (await keys.load()) ?? (await keys.create());
  connection = await connect({ root: parsed.root, multiaddrs }, { device: key, appliances: null });
  const { claimed } = await new HearthApi(connection).appliance();
  if (claimed) return;
  await setup(connection, {
    key,
    device: { name: "Test", remember: true },
    code: parsed.secret,
    name: "anna",
    displayName: "Anna",
    password: "plum kettle rivers",
  });
}

function show(app: string, path = "/", fromElsewhere = false): void {
  host?.revoke();
  host = new AppHost({
    connection: {
      root: connection.root,
      device: connection.device,
      fetch: (target, init) => {
        ++state.asked;
        if (state.offline) return Promise.reject(new HearthError("offline", "out of reach"));
        return connection.fetch(target, init);
      },
      openSocket: (target, options) => connection.openSocket(target, options),
    },
    app,
    path,
    fromElsewhere,
    container: document.body,
    title: "App",
  });
}

async function grant(access: string): Promise<number> {
  const answer = await connection.fetch("/api/graph/v1/spaces/home/apps/semantics", {
    method: "PUT",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ access }),
  });
  return answer.status;
}

Object.assign(window, {
  start,
  show,
  grant,
  state,
  forgetCookies,
  signOut: () => DeviceKeys.open().forget(),
});
