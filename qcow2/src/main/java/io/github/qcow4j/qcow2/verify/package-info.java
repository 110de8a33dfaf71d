/**
 * The look at an image that a stranger made, before anything is done with it: does it name other
 * files, does it need what nobody knows, does it lead out of itself, is it what it is said to be.
 *
 * <p>{@link io.github.qcow4j.qcow2.verify.ImageVerification} is the job. It opens the named file
 * and nothing else, and takes memory for what is there, never for what a field announces.
 */
@NullMarked
package io.github.qcow4j.qcow2.verify;

import org.jspecify.annotations.NullMarked;
