/** Bytes of a stranger's before every parser, in memory; nothing but the failures foreseen. */
package io.github.qcow4j.cli.fuzz;
