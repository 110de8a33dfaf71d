/**
 * Rebase: gives an overlay another backing file, or none, while its disk shows the same bytes.
 * Reads both chains, and writes to the overlay only.
 */
@NullMarked
package io.github.qcow4j.qcow2.rebase;

import org.jspecify.annotations.NullMarked;
