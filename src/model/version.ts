/** The version of dbops, as in package.json; a test compares them. */
export const DBOPS_VERSION = "0.1.0";
