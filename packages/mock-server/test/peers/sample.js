/**
 * The reference page's request from JavaScript. Prints the answer's body, and on the last line its status.
 *
 * The number is the argument; SENT_BASE_URL, SENT_SENDER_ID and SENT_API_KEY are in the environment, the key maybe not.
 */
const { SENT_API_KEY: key, SENT_BASE_URL: baseUrl, SENT_SENDER_ID: senderId } = process.env

// Mended: the page's sample drops the answer.
const answer = await fetch(`${baseUrl}/v1/messages/phone`, {
  // Mended: without a method it is a GET, and that takes no body.
  method: "POST",
  headers: {
    // Mended: "string" is no GUID.
    "x-sender-id": senderId ?? "",
    ...(key === undefined ? {} : { "x-api-key": key }),
    // Mended: without it, a string is sent as text/plain.
    "Content-Type": "application/json",
  },
  body: JSON.stringify({
    phoneNumber: process.argv[2],
    templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
    messageBody: { name: "John Doe", order_id: "12345" },
    webhookUrl: "https://example.com/webhook/message-status",
  }),
  signal: AbortSignal.timeout(10_000),
})
console.log(await answer.text())
console.log(answer.status)
