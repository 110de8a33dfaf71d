/**
 * Whole jobs beside qemu-img's, process start included. Starts processes and measures them; touches
 * nothing but directories it made.
 */
@NullMarked
package io.github.qcow4j.benchmarks.sidebyside;

import org.jspecify.annotations.NullMarked;
