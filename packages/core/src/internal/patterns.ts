/** The patterns of what the contract writes: each stands here once, for the schemas and for the quick check of an input. */

import * as Schema from "effect/Schema"

/** The schema of a text that matches a pattern. The message is that of a text that does not. */
export const matching = (pattern: RegExp, message: string): Schema.String =>
  Schema.String.check(Schema.isPattern(pattern, { message }))

/** A GUID of any version in either letter case, as the contract writes it. */
export const guid: RegExp =
  /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/u

/** A phone number in E.164 format, of 7 digits at least. */
export const phoneNumber: RegExp = /^\+[1-9][0-9]{6,14}$/u

/** A URL with neither user information nor a fragment: the receiver of an update never sees them. */
export const webhookUrl: RegExp =
  /^https?:\/\/(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[::1\])(?::[0-9]{1,5})?(?:\/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*)?(?:\?(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?$/u

/** The longest webhook URL. */
export const maxUrlLength = 2048
