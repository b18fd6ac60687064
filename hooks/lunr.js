// The search's library keeps the words of all pages in a graph, and merges two of its
// nodes whose texts are equal. In its own text of a node nothing is between two edges:
// "1" to node 23 and "4" to node 5 reads like "1" to node 2 and "3" to node 45. Then
// words with digits are not found, and some searches fail on a word that no page has
// (olivernn/lunr.js, issue 503). A label is one character, so a space after each node
// makes the text plain.
lunr.TokenSet.prototype.toString = function () {
  if (this._str) return this._str
  const edges = Object.keys(this.edges).sort()
  return (this.final ? "1" : "0") + edges.map((label) => `${label}${this.edges[label].id} `).join("")
}
