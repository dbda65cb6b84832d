namespace Lstm.Tests.Architecture;

/// <summary>docs/architecture.md says the truth: its rooms are the folders, and rooms use what it lets them use.</summary>
public class ArchitectureTests
{
    private static readonly CompiledRooms Compiled = new();

    [Fact]
    public void The_rooms_of_the_page_are_the_folders()
        => Assert.Equal(
            CompiledRooms.Folders.Order(StringComparer.Ordinal),
            RoomTable.Read().Select(row => row.Room).Order(StringComparer.Ordinal));

    [Fact]
    public void Each_room_uses_only_rooms_above_it_in_the_table()
    {
        HashSet<string> seen = [];
        foreach ((string room, string[] mayUse) in RoomTable.Read())
        {
            Assert.All(mayUse, used => Assert.True(seen.Contains(used), $"{room} may use {used}, which is not above it."));
            seen.Add(room);
        }
    }

    [Fact]
    public void Each_compiled_use_is_allowed()
    {
        Dictionary<string, string[]> mayUse = RoomTable.Read().ToDictionary(row => row.Room, row => row.MayUse);
        string[] wrong =
        [
            .. Compiled.Uses.Where(use => !mayUse[use.Room].Contains(use.UsedRoom))
                .Select(use => $"not allowed: {use}").Order(StringComparer.Ordinal),
        ];
        Assert.True(wrong.Length == 0, string.Join('\n', wrong));
    }

    // A line that nobody uses would let a circle in later.
    [Fact]
    public void Each_allowed_use_is_made()
    {
        HashSet<(string, string)> made = [.. Compiled.Uses.Select(use => (use.Room, use.UsedRoom))];
        foreach ((string room, string[] mayUse) in RoomTable.Read())
        {
            Assert.All(mayUse, used => Assert.True(made.Contains((room, used)), $"{room} may use {used} but does not."));
        }
    }

    [Fact]
    public void No_base_class_names_its_subclass()
        => Assert.Empty(Compiled.BasesThatNameSubclasses);

    [Fact]
    public void The_front_namespace_holds_fewer_than_45_public_types()
    {
        Type[] front = [.. typeof(Network).Assembly.GetExportedTypes().Where(type => type.Namespace == "Lstm" && !type.IsNested)];
        Assert.InRange(front.Length, 1, 44);
    }
}
