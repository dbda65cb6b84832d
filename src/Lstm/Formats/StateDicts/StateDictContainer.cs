using Lstm.Texts;

namespace Lstm.Formats.StateDicts;

/// <summary>Finds the state_dict in a checkpoint that has other tensors too, such as those of an optimizer.</summary>
internal static class StateDictContainer
{
    private static readonly string[] Usual = ["state_dict", "model_state_dict", "model", "net", "network", "module"];

    /// <summary>
    /// The name of the container with the tensors of a module; empty for the outermost, and for a file without such tensors.
    /// </summary>
    /// <exception cref="InvalidDataException">There are several, none of which has a usual name.</exception>
    public static string Find(TensorFile file)
    {
        string[] found = Containers(file, local => local.StartsWith("weight_ih", StringComparison.Ordinal));
        found = found.Length > 0 ? found : Containers(file, local => local == "weight");
        if (found.Length == 0 || found.Contains(string.Empty))
        {
            return string.Empty;
        }

        foreach (string usual in found.Length == 1 ? found : Usual)
        {
            if (found.Contains(usual))
            {
                return usual;
            }
        }

        throw new InvalidDataException(
            $"The file has several state_dicts: {Shortened.List(found)}. Name the one to read: StateDictOptions.Prefix = "
            + $"\"{Shortened.Text(found[0])}.\", or the names in ImportOptions.Parts that begin with it.");
    }

    private static string[] Containers(TensorFile file, Func<string, bool> isWanted)
    {
        HashSet<string> found = [];
        foreach (FileTensor tensor in file.Tensors)
        {
            if (isWanted(StateDictModule.LocalOf(tensor.Name)))
            {
                found.Add(tensor.Container);
            }
        }

        return [.. found];
    }
}
