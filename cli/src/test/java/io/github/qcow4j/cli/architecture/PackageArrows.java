package io.github.qcow4j.cli.architecture;

import static java.util.stream.Collectors.toMap;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Which package may use which other package of its own floor. A new package gets a row, and a new
 * arrow an entry, here and nowhere else. Arrows to other floors are a matter of the floors.
 */
final class PackageArrows extends ArchCondition<JavaClass> {
  private static final String ROOT = "io.github.qcow4j.";

  private static final Map<String, Set<String>> ALLOWED =
      table(
"""
          nativeio          -> nativeio.panama nativeio.jnr nativeio.portable
          nativeio.linux    -> nativeio nativeio.support
          nativeio.panama   -> nativeio nativeio.linux nativeio.support
          nativeio.jnr      -> nativeio nativeio.linux nativeio.support
          nativeio.portable -> nativeio nativeio.support
          nativeio.support  -> nativeio

          qcow2.error       ->
          qcow2.job         -> qcow2.error
          qcow2.header      -> qcow2.error
          qcow2.table       -> qcow2.error qcow2.header
          qcow2.lock        -> qcow2.error
          qcow2.chain       -> qcow2.error
          qcow2.snapshot    -> qcow2.error qcow2.header qcow2.table
          qcow2.bitmap      -> qcow2.error qcow2.header qcow2.table
          qcow2.cluster     -> qcow2.error qcow2.header qcow2.table
          qcow2.refcount    -> qcow2.error qcow2.header qcow2.table
          qcow2.write       -> qcow2.error qcow2.header qcow2.table qcow2.snapshot qcow2.bitmap qcow2.cluster \
                               qcow2.refcount qcow2.job
          qcow2.create      -> qcow2.header qcow2.error qcow2.refcount qcow2.lock qcow2.table qcow2.job
          qcow2             -> qcow2.error qcow2.header qcow2.table qcow2.lock qcow2.chain qcow2.snapshot \
                               qcow2.bitmap qcow2.cluster qcow2.job qcow2.write qcow2.create qcow2.check
          qcow2.transfer    -> qcow2 qcow2.cluster qcow2.header qcow2.job
          qcow2.commit      -> qcow2 qcow2.chain qcow2.create qcow2.error qcow2.header qcow2.job qcow2.transfer
          qcow2.rebase      -> qcow2 qcow2.chain qcow2.cluster qcow2.error qcow2.header qcow2.job qcow2.snapshot \
                               qcow2.table qcow2.transfer
          qcow2.rewrite     -> qcow2 qcow2.bitmap qcow2.cluster qcow2.create qcow2.error qcow2.header qcow2.job \
                               qcow2.table qcow2.transfer
          qcow2.convert     -> qcow2 qcow2.bitmap qcow2.job qcow2.transfer qcow2.lock qcow2.create qcow2.cluster qcow2.header \
                               qcow2.error qcow2.refcount qcow2.table
          qcow2.encryption  -> qcow2.error qcow2.header
          qcow2.inspect     -> qcow2 qcow2.bitmap qcow2.chain qcow2.encryption qcow2.error qcow2.header \
                               qcow2.snapshot
          qcow2.map         -> qcow2 qcow2.error qcow2.header qcow2.table qcow2.transfer
          qcow2.compare     -> qcow2 qcow2.header qcow2.job qcow2.map
          qcow2.checksum    -> qcow2 qcow2.job qcow2.transfer
          qcow2.check       -> qcow2.error qcow2.header qcow2.table qcow2.refcount qcow2.snapshot qcow2.bitmap \
                               qcow2.lock qcow2.job qcow2.write
          qcow2.bench       -> qcow2 qcow2.job
          qcow2.verify      -> qcow2 qcow2.bitmap qcow2.chain qcow2.check qcow2.error qcow2.header qcow2.job qcow2.snapshot
          qcow2.measure     -> qcow2 qcow2.error qcow2.header qcow2.bitmap qcow2.job qcow2.map qcow2.create

          snapshot          -> snapshot.catalogue snapshot.quiesce snapshot.error snapshot.journal snapshot.layout snapshot.lease \
                               snapshot.model snapshot.operation snapshot.archive snapshot.directory
          snapshot.error    ->
          snapshot.model    -> snapshot.archive snapshot.quiesce
          snapshot.layout   -> snapshot.error
          snapshot.lease    ->
          snapshot.catalogue -> snapshot.archive snapshot.error snapshot.json snapshot.layout snapshot.model snapshot.transfer
          snapshot.journal  -> snapshot.catalogue snapshot.error snapshot.layout snapshot.lease snapshot.model
          snapshot.operation -> snapshot.catalogue snapshot.error snapshot.journal snapshot.layout \
                               snapshot.lease snapshot.model snapshot.quiesce snapshot.archive \
                               snapshot.directory snapshot.intake snapshot.json
          snapshot.quiesce  ->
          snapshot.transfer ->
          snapshot.json     -> snapshot.transfer
          snapshot.tar      -> snapshot.transfer snapshot.json
          snapshot.intake   -> snapshot.transfer
          snapshot.archive  -> snapshot.transfer snapshot.json snapshot.tar snapshot.intake
          snapshot.directory -> snapshot.transfer snapshot.json snapshot.intake

          cli               -> cli.box cli.console cli.image cli.option
          cli.box           -> cli.console cli.option cli.output
          cli.rehearsal     -> cli cli.console
          cli.pages         -> cli cli.box cli.console cli.option
          cli.option        ->
          cli.output        ->
          cli.console       -> cli.option
          cli.image         -> cli.console cli.option cli.output
""");

  PackageArrows() {
    super("use packages of their floor only as the table of arrows allows");
  }

  @Override
  public void check(JavaClass origin, ConditionEvents events) {
    String from = shortName(origin);
    Set<String> allowed = ALLOWED.get(from);
    if (allowed == null) {
      events.add(SimpleConditionEvent.violated(origin, from + " has no row in the table"));
      return;
    }
    for (Dependency dependency : origin.getDirectDependenciesFromSelf()) {
      String to = shortName(dependency.getTargetClass());
      if (isOnTheSameFloor(from, to) && !to.equals(from) && !allowed.contains(to)) {
        events.add(
            SimpleConditionEvent.violated(
                dependency,
                "no arrow %s -> %s: %s".formatted(from, to, dependency.getDescription())));
      }
    }
  }

  private static boolean isOnTheSameFloor(String from, String to) {
    return floor(from).equals(floor(to));
  }

  private static String floor(String packageName) {
    return packageName.split("\\.", 2)[0];
  }

  /** The package's name below the root; of a foreign class, the whole name. */
  private static String shortName(JavaClass each) {
    String name = each.getBaseComponentType().getPackageName();
    return name.startsWith(ROOT) ? name.substring(ROOT.length()) : name;
  }

  private static Map<String, Set<String>> table(String rows) {
    return rows.lines()
        .filter(row -> !row.isBlank())
        .map(row -> row.split("->", -1))
        .collect(toMap(row -> row[0].strip(), row -> Set.copyOf(words(row[1]))));
  }

  private static List<String> words(String text) {
    return text.isBlank() ? List.of() : List.of(text.strip().split("\\s+"));
  }
}
