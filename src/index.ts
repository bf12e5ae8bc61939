export { Machine } from './machine/machine.js'
