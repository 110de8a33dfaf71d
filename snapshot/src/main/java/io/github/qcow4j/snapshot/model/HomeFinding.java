package io.github.qcow4j.snapshot.model;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** One thing that the check of a home found. Its kind is its class. */
public sealed interface HomeFinding {

  /** What a finding means. */
  enum Severity {
    /** Data is lost or in danger. */
    CORRUPT,
    /** Something could not be looked at, or has to be looked after by people. */
    UNCHECKED,
    /** Space is wasted, or something is not noted as it is; no data is in danger. */
    UNTIDY;

    /** The name in reports. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** What it means. */
  Severity severity();

  /** The kind's name for programs: that of the class, in snake case. */
  default String kind() {
    return getClass().getSimpleName().replaceAll("(?<=.)([A-Z])", "_$1").toLowerCase(Locale.ROOT);
  }

  /** The file below the home, the box or the intent that it is about. */
  String subject();

  /** What is wrong, in one line without the subject. */
  String message();

  /**
   * The catalogue has an image whose file is not there.
   *
   * @param subject the file
   * @param neededBy what it is for, in words
   */
  record MissingFile(String subject, List<String> neededBy) implements HomeFinding {

    public MissingFile {
      neededBy = List.copyOf(neededBy);
    }

    @Override
    public Severity severity() {
      return Severity.CORRUPT;
    }

    @Override
    public String message() {
      return "is not there, and is needed for " + String.join(", ", neededBy);
    }
  }

  /**
   * A file that neither the catalogue nor anything under way knows.
   *
   * @param subject the file
   * @param bytes storage that it takes
   * @param needed whether the header of an image names it all the same
   * @param directory whether it is a directory, which no collection takes away
   */
  record UnknownFile(String subject, long bytes, boolean needed, boolean directory)
      implements HomeFinding {

    @Override
    public Severity severity() {
      return needed ? Severity.CORRUPT : Severity.UNTIDY;
    }

    @Override
    public String message() {
      if (needed) {
        return "is not known to the catalogue, but an image lies on it";
      }
      return directory
          ? "is a directory, which nothing here makes; move it away"
          : "is not known to the catalogue; gc removes it";
    }
  }

  /**
   * Something in the staging directory that nothing here has made. A box can be made of files
   * there, so that a collection leaves it.
   *
   * @param subject the file or directory
   * @param bytes storage that it takes
   */
  record StagedByOthers(String subject, long bytes) implements HomeFinding {

    @Override
    public Severity severity() {
      return Severity.UNTIDY;
    }

    @Override
    public String message() {
      return "was put there by somebody; gc leaves it, move it away if no box is made of it";
    }
  }

  /**
   * An image's header and the catalogue tell different images below it.
   *
   * @param subject the image's file
   * @param header what the header says, or null for nothing
   * @param catalogue what the catalogue says, or null for nothing
   */
  record WrongLink(String subject, @Nullable String header, @Nullable String catalogue)
      implements HomeFinding {

    @Override
    public Severity severity() {
      return Severity.CORRUPT;
    }

    @Override
    public String message() {
      return "lies on %s as its header says, and on %s as the catalogue says"
          .formatted(words(header), words(catalogue));
    }

    private static String words(@Nullable String file) {
      return file == null ? "nothing" : "'" + file + "'";
    }
  }

  /**
   * A disk's size is noted wrongly, as after a resize by somebody else.
   *
   * @param subject the image's file
   * @param imageBytes what the image says
   * @param catalogueBytes what the catalogue says
   */
  record WrongSize(String subject, long imageBytes, long catalogueBytes) implements HomeFinding {

    @Override
    public Severity severity() {
      return Severity.UNTIDY;
    }

    @Override
    public String message() {
      return "is a disk of %d bytes, the catalogue says %d".formatted(imageBytes, catalogueBytes);
    }
  }

  /**
   * An image that contradicts itself.
   *
   * @param subject the image's file
   * @param detail what is wrong
   */
  record CorruptImage(String subject, String detail) implements HomeFinding {

    @Override
    public Severity severity() {
      return Severity.CORRUPT;
    }

    @Override
    public String message() {
      return detail;
    }
  }

  /**
   * An image with clusters that nothing refers to.
   *
   * @param subject the image's file
   * @param clusters how many
   */
  record LeakingImage(String subject, long clusters) implements HomeFinding {

    @Override
    public Severity severity() {
      return Severity.UNTIDY;
    }

    @Override
    public String message() {
      return "has %d leaked clusters".formatted(clusters);
    }
  }

  /**
   * An image in which copied flags are clear that could be set, as writers other than QEMU leave
   * them: nothing is read wrongly, but writes go to new clusters that could go to old ones.
   *
   * @param subject the image's file
   * @param flags how many
   */
  record MissingCopiedFlags(String subject, long flags) implements HomeFinding {

    @Override
    public Severity severity() {
      return Severity.UNTIDY;
    }

    @Override
    public String message() {
      return "lacks %d copied flags".formatted(flags);
    }
  }

  /**
   * What an image lies on outside the home cannot be used.
   *
   * @param subject the image's file
   * @param backing what it lies on
   * @param detail why not
   */
  record BrokenBacking(String subject, Path backing, String detail) implements HomeFinding {

    @Override
    public Severity severity() {
      return Severity.CORRUPT;
    }

    @Override
    public String message() {
      return "lies on '" + backing + "', which cannot be used: " + detail;
    }
  }

  /**
   * Images lie on each other in a circle.
   *
   * @param subject one of them
   */
  record CircularChain(String subject) implements HomeFinding {

    @Override
    public Severity severity() {
      return Severity.CORRUPT;
    }

    @Override
    public String message() {
      return "lies on itself, by way of others";
    }
  }

  /**
   * A box is noted as running, and nobody runs it.
   *
   * @param subject the box
   * @param holder who did, or null
   */
  record DeadHolder(String subject, @Nullable Holder holder) implements HomeFinding {

    @Override
    public Severity severity() {
      return Severity.UNTIDY;
    }

    @Override
    public String message() {
      return "is noted as running"
          + (holder == null ? "" : " by " + holder.inWords())
          + ", and nobody runs it";
    }
  }

  /**
   * A box whose disks are not what the catalogue says; it is refused until that is mended.
   *
   * @param subject the box
   */
  record QuarantinedBox(String subject) implements HomeFinding {

    @Override
    public Severity severity() {
      return Severity.CORRUPT;
    }

    @Override
    public String message() {
      return "is quarantined; restore it to a snapshot, or remove it";
    }
  }

  /**
   * An operation of a dead process can be neither ended nor undone: others have changed its files.
   *
   * @param subject the operation
   * @param box the box that it was done to, or null
   */
  record StuckIntent(String subject, @Nullable String box) implements HomeFinding {

    @Override
    public Severity severity() {
      return Severity.CORRUPT;
    }

    @Override
    public String message() {
      return "was cut short"
          + (box == null ? "" : " on box '" + box + "'")
          + ", and can be neither ended nor undone: its files were changed by others";
    }
  }

  /**
   * The storage keeps an operation of a dead process from being ended and from being undone, as
   * something that stands in the place of a file that is to go.
   *
   * @param subject the operation
   * @param box the box that it was done to, or null
   * @param detail what is in the way
   */
  record HinderedIntent(String subject, @Nullable String box, String detail)
      implements HomeFinding {

    @Override
    public Severity severity() {
      return Severity.UNCHECKED;
    }

    @Override
    public String message() {
      return "was cut short"
          + (box == null ? "" : " on box '" + box + "'")
          + ", and cannot be brought to its end as yet: "
          + detail;
    }
  }

  /**
   * An operation was cut short while writers held still, and they could not be let go.
   *
   * @param subject the operation
   * @param box whose writers, or null
   */
  record HeldWriters(String subject, @Nullable String box) implements HomeFinding {

    @Override
    public Severity severity() {
      return Severity.UNCHECKED;
    }

    @Override
    public String message() {
      return "was cut short while the writers"
          + (box == null ? "" : " of box '" + box + "'")
          + " held still, and they could not be let go: thaw the guest, or stop it";
    }
  }

  /**
   * Everybody on the host may look into something of the home.
   *
   * @param subject the file or directory
   * @param permissions its permission bits
   */
  record LoosePermissions(String subject, int permissions) implements HomeFinding {

    @Override
    public Severity severity() {
      return Severity.UNTIDY;
    }

    @Override
    public String message() {
      return "is open to everybody on this host: its permissions are %04o".formatted(permissions);
    }
  }

  /**
   * The catalogue itself is damaged.
   *
   * @param detail what SQLite finds
   */
  record DamagedCatalogue(String detail) implements HomeFinding {

    @Override
    public Severity severity() {
      return Severity.CORRUPT;
    }

    @Override
    public String subject() {
      return "catalogue.db";
    }

    @Override
    public String message() {
      return detail;
    }
  }

  /**
   * Somebody is using it at this moment, so that it was left alone.
   *
   * @param subject the box or file
   * @param holder who, in words, or null when that is not known
   */
  record InUse(String subject, @Nullable String holder) implements HomeFinding {

    @Override
    public Severity severity() {
      return Severity.UNCHECKED;
    }

    @Override
    public String message() {
      return "was not checked: it is in use" + (holder == null ? "" : " by " + holder);
    }
  }

  /**
   * Something could not be looked at.
   *
   * @param subject the file
   * @param detail why
   */
  record Unchecked(String subject, String detail) implements HomeFinding {

    @Override
    public Severity severity() {
      return Severity.UNCHECKED;
    }

    @Override
    public String message() {
      return "could not be checked: " + detail;
    }
  }
}
