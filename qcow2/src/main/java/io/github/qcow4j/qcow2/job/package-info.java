/**
 * What all jobs on images have in common: how a caller follows one, bounds it and stops it. Touches
 * nothing.
 */
@NullMarked
package io.github.qcow4j.qcow2.job;

import org.jspecify.annotations.NullMarked;
