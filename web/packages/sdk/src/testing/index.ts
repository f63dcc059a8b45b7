/** What tests elsewhere may use. */
export { FakeClock, settled } from "./fake_clock.ts";
export { pipe } from "./pipe.ts";
