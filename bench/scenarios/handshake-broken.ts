// The handshake with the wakeup that can be lost.
import { handshake } from './handshake.js'

export default handshake(1)
