/** How far a fence counts the claims of a delivery, below who made the last one. */
const counts = 2 ** 11

export const fenceOf = (mark: number, count: number) => mark * counts + count
export const countOf = (fence: number) => fence % counts
