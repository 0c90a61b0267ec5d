/**
 * `pnpm build:screenshots`: takes the screenshots of the inbox page for the documentation, `docs/images`. The messages are those
 * of a fictitious shop, to magic numbers and to numbers of the range that is reserved for fiction, `+1 NXX 555 01XX`.
 */
import { startMockServer, type StartedMockServer } from "@effect-sent/mock-server"
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { findBrowser, launchBrowser } from "./browser.ts"

const directory = fileURLToPath(new URL("../../../docs/images/", import.meta.url))

/** The port that the documentation uses. */
const port = 4010

// -----------------------------------------------------------------------------
// The messages
// -----------------------------------------------------------------------------

const templates = {
  orderConfirmation: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
  code: "3f0c2a51-6d0e-4c77-9a44-b1de0a7f5c26",
  onItsWay: "c9d84e1f-21b7-4f3a-8e60-5a7d9b3f1e94",
  appointment: "e61b7d3a-84c5-4a0f-b2d9-0f6c8a1e7b35",
}

interface Sample {
  readonly phoneNumber: string
  readonly template: keyof typeof templates
  readonly variables: Readonly<Record<string, string>>
  readonly secondsUntilNext: number
  /** Sent over v3 with this idempotency key; without one, over v1. */
  readonly key?: string
}

/** The name in the opened message. */
const opened = "Zoë Ångström"

/** Oldest first. */
const samples: ReadonlyArray<Sample> = [
  {
    phoneNumber: "+15005552048",
    template: "appointment",
    variables: { name: "Noor de Vries", when: "Thursday, 09:15" },
    secondsUntilNext: 540,
  },
  {
    phoneNumber: "+13125550117",
    template: "code",
    variables: { code: "418 902", minutes: "10" },
    secondsUntilNext: 360,
  },
  {
    phoneNumber: "+15005554005",
    template: "onItsWay",
    variables: { name: "Søren Kjær", order: "20398" },
    secondsUntilNext: 240,
  },
  {
    phoneNumber: "+12065550164",
    template: "orderConfirmation",
    variables: { name: "Олена Шевчук", order: "20402", total: "€ 112.00" },
    secondsUntilNext: 300,
  },
  {
    phoneNumber: "+15005552043",
    template: "appointment",
    variables: { name: "Łukasz Nowak", when: "Tuesday, 14:30" },
    secondsUntilNext: 180,
  },
  {
    phoneNumber: "+15005554290",
    template: "code",
    variables: { code: "095 617", minutes: "10" },
    secondsUntilNext: 120,
  },
  {
    phoneNumber: "+16465550188",
    template: "orderConfirmation",
    variables: { name: "Ελένη Παπαδάκη", order: "20417", total: "€ 48.90" },
    secondsUntilNext: 240,
  },
  {
    phoneNumber: "+15005552042",
    template: "onItsWay",
    variables: { name: "Jonas Weber", order: "20395" },
    secondsUntilNext: 90,
  },
  {
    phoneNumber: "+15005552041",
    template: "onItsWay",
    variables: {
      name: opened,
      order: "20411",
      arrives: "today, 15:00–16:00",
      greeting: "See you soon!",
    },
    key: "order-20411-on-its-way",
    secondsUntilNext: 70,
  },
  {
    phoneNumber: "+12125550142",
    template: "orderConfirmation",
    variables: { name: "Amélie Laurent", order: "20431", total: "€ 23.50" },
    key: "order-20431-confirmed",
    secondsUntilNext: 24,
  },
  {
    phoneNumber: "+14155550136",
    template: "code",
    variables: { code: "730 144", minutes: "10" },
    secondsUntilNext: 2,
  },
]

const day = 24 * 60 * 60 * 1000

const sendSamples = async (mock: StartedMockServer): Promise<void> => {
  // Always half past nine, so that the screenshots do not depend on the time of day.
  const now = (await mock.clock.now()).getTime()
  const halfPastNine = Math.ceil(now / day) * day + 9.5 * (day / 24)
  await mock.clock.advance(halfPastNine - now)
  const webhookUrl = `${mock.inboxUrl}receiver`
  await mock.setWebhookUrl(webhookUrl)
  const post = (path: string, headers: Readonly<Record<string, string>>, body: object) =>
    fetch(`${mock.baseUrl}${path}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "user-agent": "shop/1.4",
        "x-api-key": "a-key-of-the-mock",
        ...headers,
      },
      body: JSON.stringify(body),
    })
  for (const { key, phoneNumber, secondsUntilNext, template, variables } of samples) {
    const id = templates[template]
    const senderId = "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11"
    // Sent one by one, to keep the order.
    // oxlint-disable-next-line no-await-in-loop
    await (key === undefined
      ? post(
          "/v1/messages/phone",
          { "x-sender-id": senderId },
          { phoneNumber, templateId: id, messageBody: variables, webhookUrl },
        )
      : post(
          "/v3/messages",
          { "idempotency-key": key },
          { to: [phoneNumber], template: { id, parameters: variables } },
        ))
    // oxlint-disable-next-line no-await-in-loop
    await mock.clock.advance(1000 * secondsUntilNext)
  }
  const { length } = await mock.messages()
  if (length < samples.length) {
    throw new Error(`The mock accepted only ${length} of ${samples.length} messages.`)
  }
}

// -----------------------------------------------------------------------------
// The screenshots
// -----------------------------------------------------------------------------

/** The fonts of the bundled Chromium, so that screenshots are the same on every machine with Linux. */
const fonts = (cacheDirectory: string): string => `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${join(tmpdir(), "fonts")}</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>${cacheDirectory}</cachedir>
  <match target="pattern">
    <test name="family"><string>system-ui</string></test>
    <edit name="family" mode="assign" binding="strong"><string>Open Sans</string></edit>
  </match>
  <alias><family>sans-serif</family><prefer><family>Open Sans</family></prefer></alias>
  <alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
`

interface Picture {
  readonly name: string
  readonly colorScheme: "light" | "dark"
  readonly viewport: { readonly width: number; readonly height: number }
}

// So high that the details are seen, with the idempotency key and the price.
const desktop = { width: 1280, height: 1040 }

const pictures: ReadonlyArray<Picture> = [
  { name: "inbox-light.png", colorScheme: "light", viewport: desktop },
  { name: "inbox-dark.png", colorScheme: "dark", viewport: desktop },
  { name: "inbox-phone.png", colorScheme: "light", viewport: { width: 390, height: 844 } },
]

const found = await findBrowser()
if (found === undefined) throw new Error("No Chrome found; install Chrome to take the screenshots.")
const temporary = await mkdtemp(join(tmpdir(), "effect-sent-screenshots-"))
try {
  const fontsFile = join(temporary, "fonts.conf")
  await writeFile(fontsFile, fonts(temporary))
  await using mock = await startMockServer({ clock: "manual", realistic: true, port })
  await sendSamples(mock)
  await using browser = await launchBrowser({
    ...found,
    env: { ...process.env, FONTCONFIG_FILE: fontsFile },
  })
  await mkdir(directory, { recursive: true })
  for (const { colorScheme, name, viewport } of pictures) {
    // One by one, so that no page slows down another.
    // oxlint-disable-next-line no-await-in-loop
    await using context = await browser.newContext({
      colorScheme,
      viewport,
      deviceScaleFactor: 2,
      locale: "en-GB",
      timezoneId: "UTC",
      reducedMotion: "reduce",
    })
    /* oxlint-disable no-await-in-loop */
    const page = await context.newPage()
    await page.goto(mock.inboxUrl)
    await page.getByText("live", { exact: true }).waitFor()
    await page.getByRole("option").filter({ hasText: opened }).click()
    await page.getByRole("figure").getByText("read", { exact: true }).waitFor()
    // Moves the pointer away, so that no element looks hovered.
    await page.mouse.move(0, 0)
    await page.screenshot({ path: join(directory, name) })
    /* oxlint-enable no-await-in-loop */
  }
} finally {
  await rm(temporary, { recursive: true })
}
