/** Silence of an upstream after which an exchange is given up. */
export const UPSTREAM_IDLE_MS = 300_000
/** The same of both ends of a tunnel, whose protocol may have a heartbeat or not. */
export const TUNNEL_IDLE_MS = 3_600_000
