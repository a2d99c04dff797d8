/** What a request keeps in memory for its client, told to whoever shares that memory among clients. */
export interface Holding {
  /** So many bytes more; below 0 so many less. What is left when the request is over counts no more. */
  add(bytes: number): void
}

/** Where nobody shares it: in tests. */
export const nobodysHolding: Holding = { add: () => undefined }
