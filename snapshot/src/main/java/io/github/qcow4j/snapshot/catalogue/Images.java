package io.github.qcow4j.snapshot.catalogue;

import io.github.qcow4j.snapshot.error.CatalogueException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Images and the links between them, as rows. */
public final class Images {

  /** Each once, should a catalogue be damaged so that a chain bites its tail. */
  private static final String CHAIN =
      "WITH RECURSIVE chain(id) AS (SELECT ? UNION"
          + " SELECT edge.parent_id FROM chain JOIN edge ON child_id = chain.id) ";

  /**
   * The same counted only, and bounded, which every snapshot does: fewer instructions for each
   * layer.
   */
  private static final String UNNUMBERED =
      "WITH RECURSIVE chain(id) AS (SELECT ? UNION ALL"
          + " SELECT edge.parent_id FROM chain JOIN edge ON child_id = chain.id"
          + " LIMIT 100000) ";

  private static final String DEPTH = UNNUMBERED + "SELECT count(*) AS depth FROM chain";

  /** What lies outside has no identifier. */
  private static final String OUTLINE =
      UNNUMBERED + "SELECT count(*) AS depth, count(id) AS inside FROM chain";

  private static final String CHAIN_IMAGES =
      "SELECT image.*, edge.parent_id, edge.external, edge.external_format FROM chain"
          + " JOIN image ON image.id = chain.id LEFT JOIN edge ON edge.child_id = image.id";

  private final Rows rows;

  /** Within a transaction. */
  public Images(Rows rows) {
    this.rows = rows;
  }

  /** All images in the order in which they were made. */
  public List<ImageRow> all() throws CatalogueException {
    return rows.list(ImageRow.SELECT + "ORDER BY image.seq", ImageRow::read);
  }

  /** The images of larger numbers, in the order in which they were made. */
  public List<ImageRow> newerThan(long seq) throws CatalogueException {
    return rows.list(
        ImageRow.SELECT + "WHERE image.seq > ? ORDER BY image.seq", ImageRow::read, seq);
  }

  /** The image of an identifier, or null. */
  public @Nullable ImageRow byId(String id) throws CatalogueException {
    return rows.first(ImageRow.SELECT + "WHERE image.id = ?", ImageRow::read, id);
  }

  /** The images that lie right above an image. */
  public List<ImageRow> children(String id) throws CatalogueException {
    return rows.list(
        ImageRow.SELECT + "WHERE edge.parent_id = ? ORDER BY image.seq", ImageRow::read, id);
  }

  /** Whether a snapshot has the image as a disk. */
  public boolean inSnapshot(String id) throws CatalogueException {
    return rows.first(
            "SELECT 1 AS found FROM snapshot_disk WHERE image_id = ?",
            row -> row.number("found"),
            id)
        != null;
  }

  /** An image and all that lie below it in the home, from the top; a circle is gone round once. */
  public List<ImageRow> chain(String id) throws CatalogueException {
    Map<String, ImageRow> left = new HashMap<>();
    rows.list(CHAIN + CHAIN_IMAGES, ImageRow::read, id)
        .forEach(image -> left.put(image.id(), image));
    List<ImageRow> chain = new ArrayList<>();
    ImageRow next = left.remove(id);
    while (next != null) {
      chain.add(next);
      next = next.parent() instanceof Parent.Inside inside ? left.remove(inside.imageId()) : null;
    }
    return chain;
  }

  /** How many images have to be read for one, itself and what the catalogue knows below. */
  public int depth(String id) throws CatalogueException {
    Long depth = rows.first(DEPTH, row -> row.number("depth"), id);
    return depth == null ? 0 : depth.intValue();
  }

  /** What is known of the chain of an image, itself included. */
  public ChainOutline outline(String id) throws CatalogueException {
    ChainOutline outline =
        rows.first(
            OUTLINE,
            row ->
                new ChainOutline(
                    (int) row.number("depth"), row.number("inside") < row.number("depth")),
            id);
    return Objects.requireNonNull(outline, "a count has one row");
  }

  /** Whether an image of the home lies on this file outside of it. */
  public boolean isExternal(String path) throws CatalogueException {
    return rows.first(
            "SELECT 1 AS found FROM edge WHERE external = ?", row -> row.number("found"), path)
        != null;
  }
}
