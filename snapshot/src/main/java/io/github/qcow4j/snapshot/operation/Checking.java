package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.Boxes;
import io.github.qcow4j.snapshot.catalogue.CarriedFiles;
import io.github.qcow4j.snapshot.catalogue.CarriedRow;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.catalogue.Images;
import io.github.qcow4j.snapshot.lease.Lease;
import io.github.qcow4j.snapshot.model.HomeFinding.DamagedCatalogue;
import io.github.qcow4j.snapshot.model.HomeFinding.InUse;
import io.github.qcow4j.snapshot.model.HomeFinding.LoosePermissions;
import io.github.qcow4j.snapshot.model.HomeFinding.MissingFile;
import io.github.qcow4j.snapshot.model.HomeFinding.StagedByOthers;
import io.github.qcow4j.snapshot.model.HomeFinding.UnknownFile;
import io.github.qcow4j.snapshot.model.HomeReport;
import io.github.qcow4j.snapshot.operation.ImageCheckup.Verdict;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Holds catalogue, files, every chain and every image against each other. What somebody works with
 * at this moment is left alone, and told as such.
 */
public final class Checking {

  private static final int OTHERS = 0007;

  private final Home home;
  private final Findings findings;
  private final JobControl control;
  private final Map<String, Verdict> verdicts = new HashMap<>();

  private Checking(Home home, boolean repairing, JobControl control) {
    this.home = home;
    this.findings = new Findings(repairing);
    this.control = control;
  }

  /**
   * Checks a home.
   *
   * @param repairing whether to mend what can be mended without losing data
   */
  public static HomeReport run(Home home, boolean repairing, JobControl control)
      throws IOException {
    Checking checking = new Checking(home, repairing, control);
    List<String> faults = home.catalogue().faults();
    faults.forEach(fault -> checking.findings.add(new DamagedCatalogue(fault)));
    if (faults.isEmpty()) {
      checking.all();
    }
    return new HomeReport(checking.verdicts.size(), checking.findings.lines());
  }

  private void all() throws IOException {
    permissions();
    CutShort cutShort = new CutShort(home, findings);
    cutShort.end();
    ImageCheckup checkup = new ImageCheckup(home, findings, cutShort, control);
    List<ImageRow> images = home.read(rows -> new Images(rows).all());
    control.expect(images.size());
    for (ImageRow image : images) {
      if (image.kind().frozen()) {
        layer(checkup, image);
      }
    }
    for (BoxRow box : home.read(rows -> new Boxes(rows).all())) {
      try (BoxCheckup each = BoxCheckup.of(home, box, findings, cutShort)) {
        if (each != null) {
          for (ImageRow image : each.images()) {
            look(checkup, image);
          }
          carried(box);
          each.judge(Links.of(home), verdicts);
        }
      }
    }
    files(checkup.named());
  }

  private void permissions() throws IOException {
    Volume volume = home.volume();
    Path directory = home.layout().home();
    int permissions = volume.status(directory).permissions();
    if ((permissions & OTHERS) != 0) {
      findings.add(
          new LoosePermissions(directory.toString(), permissions),
          () -> {
            volume.setPermissions(directory, permissions & ~OTHERS);
            return "nobody else may now";
          });
    }
  }

  private void layer(ImageCheckup checkup, ImageRow image) throws IOException {
    try (Lease lease =
        findings.repairing()
            ? home.leases().changing(image.seq())
            : home.leases().reading(image.seq())) {
      if (lease != null) {
        look(checkup, image);
      } else {
        findings.add(new InUse(image.file(), home.worker(image)));
      }
    }
  }

  private void look(ImageCheckup checkup, ImageRow image) throws IOException {
    control.checkpoint();
    ImageRow now = home.read(rows -> new Images(rows).byId(image.id()));
    if (now != null) {
      verdicts.put(image.id(), checkup.check(now));
    }
    control.advance(1);
  }

  private void carried(BoxRow box) throws IOException {
    for (CarriedRow row : home.read(rows -> new CarriedFiles(rows).ofBox(box.id()))) {
      if (!home.volume().exists(home.layout().resolve(row.file()))) {
        findings.add(
            new MissingFile(
                row.file(), List.of("'" + row.name() + "' of box '" + box.name() + "'")));
      }
    }
  }

  private void files(Set<Path> named) throws IOException {
    for (Path orphan : new Orphans(home).find()) {
      findings.add(unknown(orphan, allocated(orphan), named.contains(orphan), isDirectory(orphan)));
    }
    for (String name : StagingArea.names(home)) {
      try (StagingArea area = StagingArea.abandoned(home, name)) {
        if (area != null) {
          Path stray = area.strayDirectory();
          findings.add(
              stray == null
                  ? unknown(area.directory(), area.allocatedBytes(), false, false)
                  : unknown(stray, allocated(stray), false, true));
        }
      }
    }
    for (Path stray : StagingArea.strays(home)) {
      findings.add(
          new StagedByOthers(home.layout().home().relativize(stray).toString(), allocated(stray)));
    }
  }

  private boolean isDirectory(Path file) throws IOException {
    try {
      return home.volume().linkStatus(file).kind() == FileKind.DIRECTORY;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  private long allocated(Path file) throws IOException {
    try {
      return home.volume().linkStatus(file).allocatedBytes();
    } catch (NoSuchFileException e) {
      return 0;
    }
  }

  private UnknownFile unknown(Path file, long bytes, boolean needed, boolean directory) {
    String name = home.layout().home().relativize(file).toString();
    return new UnknownFile(name, bytes, needed, directory);
  }
}
