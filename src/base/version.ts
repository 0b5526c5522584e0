/** The package's version, as tables and statistics record it. A test holds it equal to package.json's. */
export const VERSION = '0.1.0';
