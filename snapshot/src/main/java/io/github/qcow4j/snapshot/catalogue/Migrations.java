package io.github.qcow4j.snapshot.catalogue;

import io.github.qcow4j.snapshot.error.BoxException;
import io.github.qcow4j.snapshot.error.CatalogueException;
import io.github.qcow4j.snapshot.error.NewerHomeException;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a catalogue of any former version becomes one of today's: step by step, each in one
 * transaction, never back. Before the first step of an existing catalogue a copy of it is made
 * beside it ({@code VACUUM INTO}), named after its version.
 *
 * <p>Before even that, {@link FormerSecrets} go from the catalogue, and the pages that held them
 * from its file and log ({@code VACUUM}, {@code wal_checkpoint}): a copy that keeps them would undo
 * it, and whoever goes back to it misses nothing that was of use. Copies that former programs made
 * beside the catalogue are left as they are.
 *
 * @param steps the statements of each step, separated by semicolons; the first makes version 1
 */
record Migrations(List<String> steps) {

  /** "qcbx": tells a catalogue from other programs' databases. */
  private static final long APPLICATION_ID = 0x71636278L;

  /** More attempts than this at the same version have another reason. */
  private static final int MAX_COPIES = 100;

  Migrations {
    steps = List.copyOf(steps);
  }

  int latest() {
    return steps.size();
  }

  /**
   * Makes or migrates the tables.
   *
   * @param file the catalogue's file, or null when there is none to make copies beside
   * @param beforeFirst see {@link Catalogue#open(java.nio.file.Path, ChangeLog,
   *     Catalogue.BeforeFirstTables)}
   * @return the copy that was made, or null
   */
  @Nullable String run(
      Catalogue catalogue, @Nullable String file, Catalogue.BeforeFirstTables beforeFirst)
      throws IOException {
    int version = version(catalogue);
    String copy = null;
    if (version > 0 && version <= FormerSecrets.LAST_VERSION && version < latest()) {
      forgetSecrets(catalogue);
    }
    if (version > 0 && version < latest() && file != null) {
      String backup = file + ".v" + version + ".backup";
      copy = catalogue.outside(rows -> backUp(rows, backup));
    }
    while (version < latest()) {
      version = step(catalogue, beforeFirst);
    }
    return copy;
  }

  /** Requires a catalogue of today, where none can be made of a former one. */
  void requireDone(Catalogue catalogue) throws IOException {
    int version = version(catalogue);
    if (version < latest()) {
      throw new CatalogueException(
          BoxException.Kind.FAILED,
          "the home's catalogue is of version %d, and becomes one of version %d when the home is opened; that cannot be written: open it once where it can"
              .formatted(version, latest()),
          false,
          null);
    }
  }

  private static void forgetSecrets(Catalogue catalogue) throws IOException {
    catalogue.write(rows -> {
      // Another process may have been here in between.
      if (pragma(rows, "user_version") <= FormerSecrets.LAST_VERSION) {
        FormerSecrets.blank(rows);
      }
      return rows;
    });
    catalogue.outside(rows -> {
      rows.execute("VACUUM");
      return rows.list("PRAGMA wal_checkpoint(TRUNCATE)", row -> row.number("busy"));
    });
  }

  /** Another process may have been here in between: the version is read where it is changed. */
  private int step(Catalogue catalogue, Catalogue.BeforeFirstTables beforeFirst)
      throws IOException {
    return catalogue.write(rows -> {
      int version = pragma(rows, "user_version");
      if (version >= latest()) {
        return version;
      }
      if (version == 0) {
        beforeFirst.require();
        rows.execute("PRAGMA application_id = " + APPLICATION_ID);
      }
      for (String statement : steps.get(version).split(";", -1)) {
        if (!statement.isBlank()) {
          rows.execute(statement);
        }
      }
      rows.execute("PRAGMA user_version = " + (version + 1));
      return version + 1;
    });
  }

  private int version(Catalogue catalogue) throws IOException {
    return catalogue.read(rows -> {
      int version = pragma(rows, "user_version");
      int application = pragma(rows, "application_id");
      if (version > latest()) {
        throw new NewerHomeException(
            "the home's catalogue is of version %d, and this program knows versions up to %d: use a newer one"
                .formatted(version, latest()));
      } else if (version != 0 && application != APPLICATION_ID) {
        throw new NewerHomeException("the home's catalogue is another program's database");
      } else if (version < 0) {
        throw new CatalogueException(
            BoxException.Kind.CORRUPT,
            "the catalogue is damaged: it says that it is of version " + version,
            false,
            null);
      }
      return version;
    });
  }

  private static String backUp(Rows rows, String backup) throws CatalogueException {
    int next = 0;
    while (true) {
      String name = next == 0 ? backup : backup + "." + next;
      try {
        int _ = rows.update("VACUUM INTO ?", name);
        return name;
      } catch (CatalogueException e) {
        // An earlier attempt's copy is kept: it may be the only one of that moment.
        if (next == MAX_COPIES || !String.valueOf(e.getMessage()).contains("already exists")) {
          throw e;
        }
        next++;
      }
    }
  }

  private static int pragma(Rows rows, String name) throws CatalogueException {
    Long value = rows.first("PRAGMA " + name, row -> row.number(name));
    return value == null ? 0 : value.intValue();
  }
}
