/** The ids of the provider, in one form for answers and updates. */
import { guid } from "../patterns.ts"

/** An id: a GUID in its usual form, with or without dashes in what was received, or any other name. */
export const identifier = (value: string | number): string | undefined => {
  const id = String(value).trim()
  if (guid.test(id)) return id.toLowerCase()
  if (/^[0-9a-f]{32}$/i.test(id)) {
    return id.toLowerCase().replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")
  }
  return /^[\w.:-]{1,128}$/.test(id) ? id : undefined
}
