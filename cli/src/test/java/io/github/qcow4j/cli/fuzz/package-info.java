/**
 * Bytes of a stranger's before every parser, in memory; nothing but the failures foreseen.
 *
 * <p>The long search runs Jazzer's own driver and not its JUnit extension, which works with this
 * JUnit too: the extension searches for one test in a virtual machine and skips all others, and how
 * long is written in an annotation. Here every target has a virtual machine with limits of its own,
 * and a property says how long.
 */
package io.github.qcow4j.cli.fuzz;
