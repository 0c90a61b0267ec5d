/** The phone number of a cell. */

/** A number as it is sent. */
export interface Cell {
  readonly phoneNumber: string
  /** Whether something was removed that has no meaning: spaces around it, and characters that are not visible. */
  readonly isMended: boolean
  /** What is wrong, where the client could not know it. */
  readonly problem?: string
}

/** Reads a number. Only what has one meaning is mended: no country is guessed, and no `(0)`. */
export const readNumber = (cell: string): Cell => {
  // Spreadsheets and messengers copy marks for the direction of writing, and spaces of no width.
  const phoneNumber = cell.replaceAll(/\p{Cf}/gu, "").trim()
  return {
    phoneNumber,
    isMended: phoneNumber !== cell,
    ...(/^\d+[.,]?\d*E\+?\d+$/i.test(phoneNumber) && {
      problem:
        "a spreadsheet has rounded this number, and its last digits are lost: format the column as text, and enter it again",
    }),
  }
}
