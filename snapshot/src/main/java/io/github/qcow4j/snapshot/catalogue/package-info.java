/**
 * The catalogue of a home in SQLite: which boxes, images and links there are, and what was begun.
 * The only package that speaks SQL. SQLite writes its own files; no other file is touched.
 */
@NullMarked
package io.github.qcow4j.snapshot.catalogue;

import org.jspecify.annotations.NullMarked;
