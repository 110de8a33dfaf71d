package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.nativeio.FileStatus;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.check.CheckFinding;
import io.github.qcow4j.qcow2.check.CheckReport;
import io.github.qcow4j.qcow2.check.ImageCheck;
import io.github.qcow4j.qcow2.check.ImageRepair;
import io.github.qcow4j.qcow2.check.MappingFinding;
import io.github.qcow4j.qcow2.check.RepairReport;
import io.github.qcow4j.qcow2.check.RepairScope;
import io.github.qcow4j.qcow2.error.CorruptImageException;
import io.github.qcow4j.qcow2.error.ImageInUseException;
import io.github.qcow4j.qcow2.inspect.ImageInspector;
import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.catalogue.Change;
import io.github.qcow4j.snapshot.catalogue.FileSwitch;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.catalogue.Intent;
import io.github.qcow4j.snapshot.catalogue.Intents;
import io.github.qcow4j.snapshot.catalogue.Parent;
import io.github.qcow4j.snapshot.error.DisagreementException;
import io.github.qcow4j.snapshot.model.HomeFinding.CircularChain;
import io.github.qcow4j.snapshot.model.HomeFinding.CorruptImage;
import io.github.qcow4j.snapshot.model.HomeFinding.InUse;
import io.github.qcow4j.snapshot.model.HomeFinding.LeakingImage;
import io.github.qcow4j.snapshot.model.HomeFinding.MissingCopiedFlags;
import io.github.qcow4j.snapshot.model.HomeFinding.MissingFile;
import io.github.qcow4j.snapshot.model.HomeFinding.Unchecked;
import io.github.qcow4j.snapshot.model.HomeFinding.WrongLink;
import io.github.qcow4j.snapshot.model.HomeFinding.WrongSize;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Holds the rows of images against their files: whether these are there, sound by themselves, of
 * the size and on the file that the catalogue says. The caller keeps others away from each image,
 * and asks for its row only then; what the catalogue says of it is read when its header is.
 *
 * <p>Repairs never change what a guest reads. Of headers and catalogue the header is right: it is
 * what a guest reads through. But what it names outside the home is not taken on: a program that
 * writes to a disk could name any file of the host there.
 */
final class ImageCheckup {

  /** What an image is worth. */
  enum Verdict {
    /** Nothing is wrong with it, or nothing any more. */
    SOUND,
    /** It cannot be relied on. */
    BAD,
    /** It was not looked at, or not to the end. */
    UNKNOWN;

    /** Both together. */
    Verdict and(Verdict other) {
      return this == SOUND || other == BAD ? other : this;
    }
  }

  private static final int SECTOR_BYTES = 512;

  private final Home home;
  private final Findings findings;
  private final CutShort cutShort;
  private final Backings backings;
  private final JobControl control;
  private final Set<Path> named = new HashSet<>();

  ImageCheckup(Home home, Findings findings, CutShort cutShort, JobControl control) {
    this.home = home;
    this.findings = findings;
    this.cutShort = cutShort;
    this.backings = new Backings(home, findings);
    this.control = control;
  }

  /** All files that the headers of the images name. */
  Set<Path> named() {
    return named;
  }

  /** Checks an image, and nothing of what lies below it in the home. */
  Verdict check(ImageRow image) throws IOException {
    try {
      return checkFile(image);
    } catch (JobCancelledException e) {
      throw e;
    } catch (NoSuchFileException e) {
      return missing(image);
    } catch (ImageInUseException e) {
      findings.add(new InUse(image.file(), null));
      return Verdict.UNKNOWN;
    } catch (IOException e) {
      findings.add(new Unchecked(image.file(), String.valueOf(e.getMessage())));
      return Verdict.UNKNOWN;
    }
  }

  /** Where all files beside it are gone too, the home may have been moved away. */
  private Verdict missing(ImageRow image) throws IOException {
    Path directory = home.layout().resolve(image.file()).resolveSibling("");
    try {
      if (!home.volume().exists(directory)) {
        findings.add(new Unchecked(image.file(), directory + " is not there"));
        return Verdict.UNKNOWN;
      }
    } catch (IOException e) {
      findings.add(new Unchecked(image.file(), String.valueOf(e.getMessage())));
      return Verdict.UNKNOWN;
    }
    findings.add(new MissingFile(image.file(), SnapshotRemoval.neededBy(home, image)));
    return Verdict.BAD;
  }

  private Verdict checkFile(ImageRow image) throws IOException {
    Path path = home.layout().resolve(image.file());
    FileStatus status = home.volume().linkStatus(path);
    if (status.kind() != FileKind.REGULAR) {
      findings.add(new CorruptImage(image.file(), "is no regular file"));
      return Verdict.BAD;
    } else if (!image.format().equals(ImageFormat.QCOW2.label())) {
      checkSize(image, (status.sizeBytes() + SECTOR_BYTES - 1) & -SECTOR_BYTES);
      return Verdict.SOUND;
    }
    try {
      ImageOptions options =
          ImageOptions.of(ImageFormat.QCOW2).withSharing(ImageOptions.Sharing.FORCE_SHARE);
      long size = ImageInspector.inspect(home.volume(), path, options).virtualSizeBytes();
      checkSize(image, size);
    } catch (CorruptImageException e) {
      // What is wrong is told by the check of the image, which may mend it.
      return checkTables(image, path);
    }
    return checkLink(image).and(checkTables(image, path));
  }

  private void checkSize(ImageRow image, long sizeBytes) throws IOException {
    if (sizeBytes != image.virtualSizeBytes()) {
      findings.add(
          new WrongSize(image.file(), sizeBytes, image.virtualSizeBytes()),
          () -> change(Change.resizeImage(image.id(), sizeBytes), "the catalogue says so too now"));
    }
  }

  private String change(Change change, String done) throws IOException {
    return home.catalogue()
        .write(rows -> {
          new Intents(rows).apply(List.of(change));
          return done;
        });
  }

  /** Whether header and catalogue agree, or do so now, and what is below can be used. */
  private Verdict checkLink(ImageRow image) throws IOException {
    Path header = HeaderAgreement.below(home, image);
    if (header != null) {
      named.add(header);
    }
    Links links = Links.of(home, image);
    Path known = links.below(image);
    if (!Objects.equals(header, known)) {
      Intent begun = layingElsewhere(image);
      if (begun != null) {
        findings.add(new InUse(image.file(), begun.holder().inWords()));
        return Verdict.UNKNOWN;
      }
      boolean mended =
          findings.add(
              new WrongLink(image.file(), shown(header), shown(known)),
              () -> change(Change.link(image.id(), proven(image, header)), "the header is right"));
      return mended ? Verdict.SOUND : Verdict.BAD;
    } else if (links.isCircular(image)) {
      findings.add(new CircularChain(image.file()));
      return Verdict.BAD;
    }
    return backings.check(image);
  }

  /**
   * What lays an image on something else and could not be ended as yet, as the image is in use; or
   * null. Header and catalogue need not agree before it is.
   */
  private @Nullable Intent layingElsewhere(ImageRow image) throws IOException {
    for (Intent each : home.read(rows -> new Intents(rows).all())) {
      if (cutShort.isHindered(each)
          && each.switches().stream()
              .anyMatch(
                  one -> one.kind() == FileSwitch.Kind.REBASE && one.live().equals(image.file()))) {
        return each;
      }
    }
    return null;
  }

  private @Nullable String shown(@Nullable Path path) {
    if (path == null) {
      return null;
    }
    Path root = home.layout().home();
    return path.startsWith(root) ? root.relativize(path).toString() : path.toString();
  }

  /** What a header says, where the catalogue can take that on. */
  private @Nullable Parent proven(ImageRow image, @Nullable Path header) throws IOException {
    if (header == null) {
      return null;
    }
    Links links = Links.of(home);
    ImageRow below = links.at(header);
    if (below == null || !below.kind().frozen()) {
      throw new DisagreementException(
          "'" + shown(header) + "' is no layer of this home, and a header alone makes it none");
    } else if (links.chain(below).stream().anyMatch(each -> each.id().equals(image.id()))) {
      throw new DisagreementException("the image would lie on itself");
    }
    return Below.layer(below).parent();
  }

  private Verdict checkTables(ImageRow image, Path path) throws IOException {
    CheckReport report;
    MissingFlags flags = new MissingFlags();
    try (ImageCheck check = ImageCheck.open(home.volume(), path)) {
      report = check.run(flags, control);
    } catch (CorruptImageException e) {
      boolean mended =
          findings.add(
              new CorruptImage(image.file(), String.valueOf(e.getMessage())),
              () -> repair(path, RepairScope.ALL));
      return mended ? Verdict.SOUND : Verdict.BAD;
    }
    return judge(image, path, report, flags.count);
  }

  /** Counts the findings that a check calls corruptions and that harm nobody. */
  private static final class MissingFlags implements Consumer<CheckFinding> {
    private long count;

    @Override
    public void accept(CheckFinding finding) {
      if (finding instanceof MappingFinding mapping && mapping.isMissingCopiedFlag()) {
        count++;
      }
    }
  }

  private Verdict judge(ImageRow image, Path path, CheckReport report, long missingFlags)
      throws IOException {
    if (report.corruptions() > missingFlags) {
      String detail = "has %d corruptions".formatted(report.corruptions());
      boolean mended =
          findings.add(new CorruptImage(image.file(), detail), () -> repair(path, RepairScope.ALL));
      return mended ? Verdict.SOUND : Verdict.BAD;
    } else if (report.checkErrors() > 0) {
      findings.add(
          new Unchecked(image.file(), "%d errors in the check".formatted(report.checkErrors())));
      return Verdict.UNKNOWN;
    }
    // Either repair mends both.
    if (report.leaks() > 0) {
      findings.add(
          new LeakingImage(image.file(), report.leaks()), () -> repair(path, RepairScope.LEAKS));
    } else if (missingFlags > 0) {
      findings.add(
          new MissingCopiedFlags(image.file(), missingFlags),
          () -> repair(path, RepairScope.LEAKS));
    }
    return Verdict.SOUND;
  }

  private String repair(Path path, RepairScope scope) throws IOException {
    try (ImageRepair repair = ImageRepair.open(home.volume(), path)) {
      RepairReport done = repair.run(scope, finding -> {}, control);
      CheckReport left =
          done.changedAnything() ? repair.check(finding -> {}, control) : done.remaining();
      if (left.corruptions() > 0 || left.checkErrors() > 0) {
        throw new DisagreementException(
            "%d corruptions are left after the repair of %d"
                .formatted(left.corruptions() + left.checkErrors(), done.corruptionsFixed()));
      }
      return "repaired: %d corruptions, %d leaked clusters"
          .formatted(done.corruptionsFixed(), done.leaksFixed());
    }
  }
}
