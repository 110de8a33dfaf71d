package io.github.qcow4j.cli.fulldisk;

import io.github.qcow4j.cli.testing.OurRun;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;

/** A command on images, with file names that stand for those in the directory. */
enum ImageJob {
  CONVERT("", "convert -f qcow2 -O qcow2 top.qcow2 new.qcow2"),
  CONVERT_COMPRESSED("", "convert -c -f qcow2 -O qcow2 top.qcow2 new.qcow2"),
  CONVERT_TO_RAW("", "convert -f qcow2 -O raw top.qcow2 new.raw"),
  CONVERT_PREALLOCATED("", "convert -f qcow2 -O qcow2 -o preallocation=full top.qcow2 new.qcow2"),
  CONVERT_OVER_ANOTHER("old.qcow2", "convert -f qcow2 -O qcow2 top.qcow2 old.qcow2"),
  CONVERT_INTO("old.qcow2", "convert -n -f qcow2 -O qcow2 top.qcow2 old.qcow2"),
  CONVERT_INTO_RAW("holes.raw", "convert -n -f qcow2 -O raw top.qcow2 holes.raw"),
  DD("", "dd -f qcow2 -O qcow2 if=top.qcow2 of=new.qcow2"),
  DD_TO_RAW("", "dd -f qcow2 -O raw bs=3k if=top.qcow2 of=new.raw"),
  CREATE_METADATA("", "create -f qcow2 -o preallocation=metadata,cluster_size=512 new.qcow2 8M"),
  CREATE_FALLOC("", "create -f qcow2 -o preallocation=falloc new.qcow2 2M"),
  CREATE_FULL("", "create -f qcow2 -o preallocation=full new.qcow2 2M"),
  CREATE_RAW_FALLOC("", "create -f raw -o preallocation=falloc new.raw 2M"),
  CREATE_RAW_FULL("", "create -f raw -o preallocation=full new.raw 2M"),
  COMMIT("base.qcow2", "commit -d -f qcow2 top.qcow2"),
  COMMIT_AND_EMPTY("base.qcow2 top.qcow2", "commit -f qcow2 top.qcow2"),
  FLATTEN("top.qcow2", "rebase -f qcow2 -b  top.qcow2"),
  REBASE("top.qcow2", "rebase -f qcow2 -F qcow2 -b old.qcow2 top.qcow2"),
  RENAME_BACKING("top.qcow2", "rebase -u -f qcow2 -F qcow2 -b old.qcow2 top.qcow2"),
  RESIZE("old.qcow2", "resize -f qcow2 --preallocation=falloc old.qcow2 8M"),
  RESIZE_FULL("old.qcow2", "resize -f qcow2 --preallocation=full old.qcow2 8M"),
  RESIZE_L1("old.qcow2", "resize -f qcow2 old.qcow2 8T"),
  SNAPSHOT("old.qcow2", "snapshot -c more old.qcow2"),
  SNAPSHOT_OF_MANY("many.qcow2", "snapshot -c more many.qcow2"),
  SNAPSHOT_APPLY("many.qcow2", "snapshot -a first many.qcow2"),
  SNAPSHOT_DELETE("many.qcow2", "snapshot -d first many.qcow2"),
  CHECK_LEAKS("leaking.qcow2", "check -f qcow2 -r leaks leaking.qcow2"),
  CHECK_ALL("damaged.qcow2", "check -f qcow2 -r all damaged.qcow2"),
  AMEND_DOWN("zeros.qcow2", "amend -f qcow2 -o compat=0.10 zeros.qcow2"),
  AMEND_REFCOUNTS("many.qcow2", "amend -f qcow2 -o refcount_bits=64 many.qcow2"),
  AMEND_LAZY("old.qcow2", "amend -f qcow2 -o lazy_refcounts=on old.qcow2"),
  AMEND_SIZE("old.qcow2", "amend -f qcow2 -o size=8T old.qcow2"),
  AMEND_ANEW("zeros.qcow2", "qcow4j amend -f qcow2 -o cluster_size=4k zeros.qcow2"),
  BITMAP("old.qcow2", "bitmap --add old.qcow2 more"),
  ANOTHER_BITMAP("bitmaps.qcow2", "bitmap --add bitmaps.qcow2 more"),
  BITMAP_MERGE("marks.qcow2", "bitmap --merge one marks.qcow2 two"),
  BITMAP_CLEAR("marks.qcow2", "bitmap --clear marks.qcow2 one"),
  BITMAP_REMOVE("marks.qcow2", "bitmap --remove marks.qcow2 one");

  private static final String OURS = "qcow4j ";

  private final String changed;
  private final String line;

  /**
   * A command.
   *
   * @param changed the images that may have other bytes, with blanks between
   */
  ImageJob(String changed, String line) {
    this.changed = changed;
    this.line = line;
  }

  /** The images that may have other bytes when it fails. */
  List<String> changed() {
    return changed.isEmpty() ? List.of() : List.of(changed.split(" ", -1));
  }

  /** An image that it may fill, or fill in part, with what it copies when it fails. */
  boolean mayFill(String name) {
    return switch (this) {
      case COMMIT, COMMIT_AND_EMPTY -> name.equals("base.qcow2");
      case CONVERT_INTO, CONVERT_INTO_RAW -> true;
      default -> false;
    };
  }

  /**
   * Whether an overlay that it failed on may hold itself what it only showed before, as {@link
   * io.github.qcow4j.qcow2.rebase.Rebase} says, or only show what it held, when all of it is below.
   */
  boolean mayHoldOther() {
    return this == FLATTEN || this == REBASE || this == COMMIT_AND_EMPTY;
  }

  /**
   * Whether clusters may be lost, as {@link io.github.qcow4j.qcow2.write.BitmapChanges} says: where
   * a file system writes nothing in place, one that is full has room for counting them anew only
   * when they make it by going. These are too small for that, or a snapshot keeps them.
   */
  boolean mayLeak() {
    return switch (this) {
      case BITMAP_MERGE, BITMAP_CLEAR, BITMAP_REMOVE, CONVERT_INTO -> true;
      default -> false;
    };
  }

  /** Whether the image is damaged before, and may still be when it failed. */
  boolean repairs() {
    return this == CHECK_LEAKS || this == CHECK_ALL;
  }

  /** What it says when it fails; a repair tells first what it has found, one thing a line. */
  String complaint(OurRun run) {
    String program = (line.startsWith(OURS) ? OURS.strip() : "qemu-img") + ": ";
    int start = repairs() ? run.stderr().indexOf(program) : 0;
    return run.stderr().startsWith(program, start)
        ? run.stderr().substring(start + program.length())
        : run.stderr();
  }

  /** Whether it says that what failed came after all that was wanted. */
  static boolean isDoneAllTheSame(OurRun run) {
    return run.stderr()
        .matches("(?s).*' was (created|changed), but tidying the file up failed: .*");
  }

  OurRun run(Path directory) {
    String command = line.startsWith(OURS) ? line.substring(OURS.length()) : line;
    String inDirectory = Matcher.quoteReplacement(directory + "/") + "$0";
    String[] words = command.replaceAll("\\w+\\.(qcow2|raw)", inDirectory).split(" ", -1);
    return line.startsWith(OURS) ? OurRun.asQcow4j(words) : OurRun.asQemuImg(words);
  }
}
