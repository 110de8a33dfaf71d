/**
 * One class per operation on boxes: it decides what is to be, and leaves the doing to the journal.
 */
@NullMarked
package io.github.qcow4j.snapshot.operation;

import org.jspecify.annotations.NullMarked;
