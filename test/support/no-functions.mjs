// A module, but no kernel module: it exports no functions.
export const nothing = 0
