/**
 * What jobs that move guest data have in common: threads that take piece after piece, the pace they
 * keep, and bytes that need not be read to get where they belong. Opens nothing; reads and writes
 * only through what it is given.
 */
@NullMarked
package io.github.qcow4j.qcow2.transfer;

import org.jspecify.annotations.NullMarked;
