/** The browser that the inbox page is tested, and photographed, in. */
import bundled from "@sparticuz/chromium"
import { type Browser, chromium, type LaunchOptions } from "playwright-core"

/** How it is started: the bundled Chromium on Linux, elsewhere a Chrome; `undefined` when there is none. */
export const findBrowser = async (): Promise<LaunchOptions | undefined> => {
  // Not with the arguments that come with it: they give up what keeps origins apart, and a second page ends it.
  if (process.platform === "linux") return { executablePath: await bundled.executablePath() }
  const options = { channel: "chrome" }
  try {
    await (await chromium.launch(options)).close()
    return options
  } catch {
    return undefined
  }
}

/** Starts it; whoever does has to close it. */
export const launchBrowser = (options?: LaunchOptions): Promise<Browser> => chromium.launch(options)
