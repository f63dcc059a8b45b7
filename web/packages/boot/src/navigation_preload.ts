/** What an app's page and its worker see of `registration.navigationPreload`: there is none, and it says so. */
export class NavigationPreloadManager {
  enable(): Promise<void> {
    return Promise.resolve();
  }
  disable(): Promise<void> {
    return Promise.resolve();
  }
  setHeaderValue(): Promise<void> {
    return Promise.resolve();
  }
  getState(): Promise<{ enabled: boolean; headerValue: string }> {
    return Promise.resolve({ enabled: false, headerValue: "true" });
  }
}
