/** The browser for the tests and the screenshots of the inbox page. */
import bundled from "@sparticuz/chromium"
import { type Browser, chromium, type LaunchOptions } from "playwright-core"

/** Returns the launch options: the bundled Chromium on Linux, an installed Chrome elsewhere. Undefined when there is none. */
export const findBrowser = async (): Promise<LaunchOptions | undefined> => {
  // Without the arguments that the package suggests: they disable the isolation of origins, and crash with a second page.
  if (process.platform === "linux") return { executablePath: await bundled.executablePath() }
  const options = { channel: "chrome" }
  try {
    await (await chromium.launch(options)).close()
    return options
  } catch {
    return undefined
  }
}

/** Launches the browser. The caller has to close it. */
export const launchBrowser = (options?: LaunchOptions): Promise<Browser> => chromium.launch(options)
