/** Stops a program that does what the verifier would not have let it do. The run adds where that was. */
export class Fault extends Error {}
