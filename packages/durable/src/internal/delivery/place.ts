/** Where a page of unknown sends ends. */

/** The position of a send among those that are not known to be accepted. */
export interface Place {
  readonly openedAt: number
  readonly id: string
}

/** A place as the cursor that a page returns. */
export const formatPlace = ({ id, openedAt }: Place): string => `${openedAt} ${id}`

/** The place of a cursor. Undefined if it is not the cursor of a page. */
export const parsePlace = (cursor: string): Place | undefined => {
  const [, openedAt, id] = /^(-?\d{1,16}) ([^]+)$/.exec(cursor) ?? []
  return openedAt === undefined || id === undefined ? undefined : { openedAt: Number(openedAt), id }
}
