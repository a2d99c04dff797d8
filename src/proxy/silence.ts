/** Silence of both ends of a tunnel after which it is given up; its protocol may have a heartbeat or not. */
export const TUNNEL_IDLE_MS = 3_600_000
