#!/usr/bin/env node
// The command. It ends by itself when nothing of it is left running: nobody calls process.exit.
import { toleratePipes } from './output.js'
import { main } from './program.js'

toleratePipes()
process.exitCode = await main(process.argv.slice(2))
