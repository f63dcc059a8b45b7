/** A page that reaches an appliance by the SDK. */
import { connect, DeviceKeys, type ConnectionStatus, type HearthConnection } from "../src/index.ts";

const seen: ConnectionStatus[] = [];
const times: number[] = [];

async function reach(target: Parameters<typeof connect>[0], remember = false): Promise<HearthConnection> {
  const keys = DeviceKeys.open();
  const device = remember ? ((await keys.load()) ?? (await keys.create())) : await keys.createEphemeral();
  const connection = await connect(target, { device, appliances: null });
  seen.push(connection.status);
  const begin = performance.now();
  connection.subscribe((status) => {
    seen.push(status);
    times.push(performance.now() - begin);
  });
  Object.assign(window, { connection });
  return connection;
}

Object.assign(window, { reach, seen, times, DeviceKeys });
