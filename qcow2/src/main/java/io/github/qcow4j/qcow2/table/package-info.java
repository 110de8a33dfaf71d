/**
 * L1 tables, L2 tables and the meaning of their entries, and the bounded cache that holds L2 tables
 * while they are in use. Touches the image file only to load a table.
 */
@NullMarked
package io.github.qcow4j.qcow2.table;

import org.jspecify.annotations.NullMarked;
