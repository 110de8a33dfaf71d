/**
 * What commands print: JSON, sizes and percentages in the form that {@code qemu-img} gives them,
 * and progress. Touches no file.
 */
@NullMarked
package io.github.qcow4j.cli.output;

import org.jspecify.annotations.NullMarked;
