/**
 * Which other files an image may lead to: the names that images store, what they stand for, and the
 * caller's decision about them. Opens nothing.
 */
@NullMarked
package io.github.qcow4j.qcow2.chain;

import org.jspecify.annotations.NullMarked;
