// Has no default export, so it is no callback.
export const other = 1;
