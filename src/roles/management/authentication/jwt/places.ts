/** So many places for all, and so many of them for one client. */
export class Places {
  private readonly most: number
  private readonly mostOfClient: number
  private taken = 0
  private readonly byClient = new Map<string, number>()

  constructor(most: number, mostOfClient: number) {
    this.most = most
    this.mostOfClient = mostOfClient
  }

  hasRoom(client: string): boolean {
    return this.taken < this.most && (this.byClient.get(client) ?? 0) < this.mostOfClient
  }

  enter(client: string): void {
    this.taken++
    this.byClient.set(client, (this.byClient.get(client) ?? 0) + 1)
  }

  leave(client: string): void {
    this.taken--
    const left = (this.byClient.get(client) ?? 1) - 1
    if (left === 0) this.byClient.delete(client)
    else this.byClient.set(client, left)
  }
}
